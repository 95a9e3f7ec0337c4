/* Writing answers token by token with cached keys and values, many sequences at a time on one thread.

   1. A cache belongs to one sequence: for each layer and group the keys as panels of 16 positions, then the values as
      panels of 16 columns. An answer reads its prompt's cache as its past; the prompt is run once for its whole group.
   2. A sequence that ends leaves its slot to the next sample waiting, so the batch stays full, then shrinks.
   3. Tokens that the grammar leaves no choice in are taken along with the next one: one step for the whole run.
   4. Each number is summed in an order that does not depend on the batch. With a stream of its own for its randomness
      an answer is the same to the bit whoever its neighbours are. */

#include <stdatomic.h>

#include "vectors.h"

typedef struct {
    int d, layers, heads, groups, hd, ff, vocab, context;
    float eps;
    const float *embed;  /* [vocab, d] */
    const S *weights;    /* of each layer qkv, o, gate and up, down, as panels; then the head */
    const float *norms;  /* [2 layers + 1, d] */
    const float *cosines, *sines;
} Model;

typedef struct {
    float temperature, top_p, floor, alpha;
    int top_k, most, ends, has_floor; /* most: the longest answer */
    const int64_t *end;               /* tokens that end an answer */
    /* the automaton; null: none */
    const uint32_t *bits, *pairs;
    const int32_t *delta, *piece_start;
    const uint8_t *piece_bytes;
    int start;
} How;

typedef struct { S *own; const S *past; int own_cap, past_cap, past_len, at, token; } Place;

static long row_sizes(const Model *m, long *sizes) {
    long d = m->d, q = (long)m->heads * m->hd;
    sizes[0] = (long)up((m->heads + 2 * m->groups) * m->hd, L) * d;
    sizes[1] = (long)up(m->d, L) * q;
    sizes[2] = (long)up(2 * m->ff, L) * d;
    sizes[3] = (long)up(m->d, L) * m->ff;
    return sizes[0] + sizes[1] + sizes[2] + sizes[3];
}

long cache_size(const Model *m, int cap) { return 2l * m->layers * m->groups * cap * m->hd; }

static void normed(const Model *m, int n, const float *x, const float *w, S *h) {
    for (int r = 0; r < n; r++, x += m->d, h += m->d) {
        V total = all(0.f);
        for (int c = 0; c < m->d; c += L) total += loadf(x + c) * loadf(x + c);
        V inverse = all(1.f / sqrtf(sum(total) / m->d + m->eps));
        for (int c = 0; c < m->d; c += L) store(h + c, loadf(x + c) * inverse * loadf(w + c));
    }
}

/* Rounded as the learner's are, so that both see the same numbers. */
static void rounded(long n, const float *x, S *y) { for (long i = 0; i < n; i += L) store(y + i, loadf(x + i)); }

static void turned(const Model *m, int position, S *row) {
    int half = m->hd / 2;
    const float *co = m->cosines + (long)position * half, *si = m->sines + (long)position * half;
    for (int h = 0; h < m->heads + m->groups; h++, row += m->hd) {
        float a[L * 8], b[L * 8];
        for (int c = 0; c < m->hd; c += L) storef(a + c, load(row + c));
        for (int c = 0; c < half; c++) {
            b[c] = a[c] * co[c] - a[c + half] * si[c];
            b[c + half] = a[c + half] * co[c] + a[c] * si[c];
        }
        for (int c = 0; c < m->hd; c += L) store(row + c, loadf(b + c));
    }
}

static void look(const Model *m, const Place *p, long slab_own, long slab_past, const S *q, S *o, float *scores, S *weights,
                 float *mixed) {
    int each = m->heads / m->groups, hd = m->hd, past = p->past_len, mine = p->at + 1;
    int wide_past = up(past, L), wide = wide_past + up(mine, L);
    V scale = all(1.f / sqrtf(hd));
    for (int g = 0; g < m->groups; g++) {
        const S *own = p->own + slab_own + 2l * g * p->own_cap * hd;
        const S *before = p->past + slab_past + 2l * g * p->past_cap * hd;
        if (past) product(each, wide_past / L, hd / P, q + (long)g * each * hd, hd, before, (long)L * hd, scores, wide);
        product(each, (wide - wide_past) / L, hd / P, q + (long)g * each * hd, hd, own, (long)L * hd, scores + wide_past, wide);
        float inverse[64];
        for (int r = 0; r < each; r++) {
            float *line = scores + (long)r * wide;
            V most = all(-INFINITY), total = all(0.f);
            for (int c = 0; c < wide; c += L) {
                V where = lanes() + all((float)(c < wide_past ? c : c - wide_past));
                V x = choose(where < all((float)(c < wide_past ? past : mine)), loadf(line + c) * scale, all(-INFINITY));
                storef(line + c, x);
                most = larger(most, x);
            }
            float top = largest(most);
            for (int c = 0; c < wide; c += L) {
                V x = expv(loadf(line + c) - all(top));
                total += x;
                store(weights + (long)r * wide + c, x);
            }
            inverse[r] = 1.f / sum(total);
        }
        product(each, hd / L, (wide - wide_past) / P, weights + wide_past, wide, own + (long)p->own_cap * hd,
                (long)p->own_cap * L, mixed, hd);
        if (past)
            product(each, hd / L, wide_past / P, weights, wide, before + (long)p->past_cap * hd, (long)p->past_cap * L,
                    mixed + (long)each * hd, hd);
        for (int r = 0; r < each; r++)
            for (int c = 0; c < hd; c += L) {
                V x = loadf(mixed + r * hd + c);
                if (past) x += loadf(mixed + (each + r) * hd + c);
                store(o + ((long)g * each + r) * hd + c, x * all(inverse[r]));
            }
    }
}

typedef struct { float *x, *wide, *scores, *mixed; S *h, *qkv, *o, *both, *weights; } Desk;

static Desk desk(const Model *m, int n, int cap) {
    int q = (m->heads + 2 * m->groups) * m->hd, most = up(m->vocab, L), each = m->heads / m->groups;
    q = q > m->d ? q : m->d; /* rows of h are gathered there too */
    most = most > 2 * m->ff ? most : 2 * m->ff;
    most = up(most > q ? most : q, L);
    return (Desk){malloc(4l * n * m->d), malloc(4l * n * most), malloc(4l * each * cap), malloc(8l * each * m->hd),
                  malloc(sizeof(S) * n * (m->d > m->heads * m->hd ? m->d : m->heads * m->hd)), malloc(sizeof(S) * n * q),
                  malloc(sizeof(S) * n * m->heads * m->hd), malloc(sizeof(S) * n * 2 * m->ff), malloc(sizeof(S) * each * cap)};
}

static void cleared(Desk t) {
    free(t.x), free(t.wide), free(t.scores), free(t.mixed), free(t.h), free(t.qkv), free(t.o), free(t.both), free(t.weights);
}

static void added(const Model *m, int n, const float *y, float *x, S *buffer) {
    rounded((long)n * m->d, y, buffer);
    for (long i = 0; i < (long)n * m->d; i += L) storef(x + i, loadf(x + i) + load(buffer + i));
}

/* n tokens at their places through all layers; t.h holds their last hidden states. */
static void forward(const Model *m, int n, const Place *places, Desk t) {
    long sizes[4], layer = row_sizes(m, sizes);
    int q = (m->heads + 2 * m->groups) * m->hd, out = m->heads * m->hd;
    for (int i = 0; i < n; i++)
        for (int c = 0; c < m->d; c += L) storef(t.x + (long)i * m->d + c, loadf(m->embed + (long)places[i].token * m->d + c));
    for (int l = 0; l < m->layers; l++) {
        const S *w = m->weights + l * layer;
        normed(m, n, t.x, m->norms + 2l * l * m->d, t.h);
        product(n, up(q, L) / L, m->d / P, t.h, m->d, w, (long)m->d * L, t.wide, q);
        rounded((long)n * q, t.wide, t.qkv);
        for (int i = 0; i < n; i++) {
            const Place *p = places + i;
            S *row = t.qkv + (long)i * q;
            turned(m, p->past_len + p->at, row);
            for (int g = 0; g < m->groups; g++) {
                S *own = p->own + (2l * l * m->groups + 2 * g) * p->own_cap * m->hd;
                pack_columns(1, p->at, m->hd, row + (m->heads + g) * m->hd, 0, own);
                pack_rows(1, p->at, m->hd, p->own_cap, row + (m->heads + m->groups + g) * m->hd, 0, own + (long)p->own_cap * m->hd);
            }
        }
        for (int i = 0; i < n; i++) {
            const Place *p = places + i;
            look(m, p, 2l * l * m->groups * p->own_cap * m->hd, 2l * l * m->groups * p->past_cap * m->hd, t.qkv + (long)i * q,
                 t.o + (long)i * out, t.scores, t.weights, t.mixed);
        }
        product(n, m->d / L, out / P, t.o, out, w + sizes[0], (long)out * L, t.wide, m->d);
        added(m, n, t.wide, t.x, t.h);
        normed(m, n, t.x, m->norms + (2l * l + 1) * m->d, t.h);
        product(n, 2 * m->ff / L, m->d / P, t.h, m->d, w + sizes[0] + sizes[1], (long)m->d * L, t.wide, 2 * m->ff);
        rounded(2l * n * m->ff, t.wide, t.both);
        for (int i = 0; i < n; i++) {
            S *both = t.both + 2l * i * m->ff, *to = t.both + (long)i * m->ff; /* never ahead of what is read */
            for (int c = 0; c < m->ff; c += L) {
                V g = load(both + c);
                store(to + c, g / (all(1.f) + expv(-g)) * load(both + m->ff + c));
            }
        }
        product(n, m->d / L, m->ff / P, t.both, m->ff, w + sizes[0] + sizes[1] + sizes[2], (long)m->ff * L, t.wide, m->d);
        added(m, n, t.wide, t.x, t.h);
    }
    normed(m, n, t.x, m->norms + 2l * m->layers * m->d, t.h);
}

static void scored(const Model *m, const S *h, float *logits) {
    long sizes[4];
    const S *head = m->weights + m->layers * row_sizes(m, sizes);
    product(1, up(m->vocab, L) / L, m->d / P, h, m->d, head, (long)m->d * L, logits, up(m->vocab, L));
}

/* Prompts [first, last) into their caches, and the logits after their last tokens. */
void prefill(const Model *m, long prompts, const int64_t *tokens, const int64_t *starts, int cap, S *caches, float *logits,
             atomic_long *next) {
    enum { CHUNK = 64 };
    Desk t = desk(m, CHUNK, cap + L);
    Place places[CHUNK];
    for (long p; (p = atomic_fetch_add(next, 1)) < prompts;) {
        S *cache = caches + p * cache_size(m, cap);
        int length = (int)(starts[p + 1] - starts[p]), n = 0;
        for (int at = 0; at < length; at += n) {
            n = length - at < CHUNK ? length - at : CHUNK;
            for (int i = 0; i < n; i++) places[i] = (Place){cache, cache, cap, cap, 0, at + i, (int)tokens[starts[p] + at + i]};
            forward(m, n, places, t);
        }
        scored(m, t.h + (long)(n - 1) * m->d, logits + p * up(m->vocab, L));
    }
    cleared(t);
}

/* The uniform number of a sample's token: splitmix64 of its key and index, 24 bits of it. */
static float uniform(uint64_t key, uint64_t index) {
    uint64_t z = key + index * 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return (float)((z ^ z >> 31) >> 40) / 16777216.f;
}

typedef struct { float x; int token; } Scored;
static int by_score(const void *a, const void *b) {
    const Scored *x = a, *y = b;
    return x->x != y->x ? (x->x < y->x) - (x->x > y->x) : x->token - y->token;
}

/* What is not among the k likeliest, or after the likeliest that make up top_p, is no choice. */
static void narrowed(const Model *m, const How *how, float *x, Scored *order) {
    float top = -1e30f, total = 0, before = 0;
    for (int c = 0; c < m->vocab; c++) {
        order[c] = (Scored){x[c], c};
        top = x[c] > top ? x[c] : top;
    }
    qsort(order, m->vocab, sizeof *order, by_score);
    int kept = how->top_k && how->top_k < m->vocab ? how->top_k : m->vocab;
    for (int i = 0; i < kept; i++) total += expf(order[i].x - top);
    for (int i = 0; i < m->vocab; i++) {
        if (i >= kept || before >= how->top_p * total) x[order[i].token] = -1e30f;
        else before += expf(order[i].x - top);
    }
}

/* A token of the logits and its log-probability; the logits are used up. -1 where the grammar allows none, -2 where
   they are not finite. */
static int drawn(const Model *m, const How *how, float *x, const uint32_t *allowed, const uint32_t *after, float u, Scored *order,
                 float *logprob) {
    int wide = up(m->vocab, L), greedy = how->temperature == 0;
    if (allowed) {
        int any = 0;
        for (int c = 0; c < m->vocab; c++) {
            uint32_t word = allowed[c >> 5] & (after ? after[c >> 5] : ~0u);
            int yes = word >> (c & 31) & 1;
            any |= yes;
            if (!yes) x[c] = -1e30f;
        }
        if (!any) return -1;
    }
    V t = all(greedy ? 1.f : how->temperature), most = all(-1e30f), total = all(0.f);
    for (int c = 0; c < wide; c += L) {
        V v = loadf(x + c);
        v = choose(lanes() + all((float)c) < all((float)m->vocab), choose(v > all(-1e29f), v / t, v), all(-1e30f));
        storef(x + c, v);
        most = larger(most, v);
    }
    float top = largest(most);
    if (!greedy && (how->top_k || how->top_p < 1)) narrowed(m, how, x, order);
    for (int c = 0; c < wide; c += L) total += expv(loadf(x + c) - all(top));
    float whole = sum(total), left = u * whole;
    int token = -2;
    if (!(whole > 0.f) || whole > 3e38f) return token;
    for (int c = 0; c < m->vocab; c++) {
        if (greedy ? x[c] == top : x[c] > -1e29f) {
            token = c;
            if (greedy) break;
            left -= expf(x[c] - top);
            if (left < 0) break;
        }
    }
    *logprob = x[token] - top - logf(whole);
    return token;
}

typedef struct { long sample; int prompt, written, read, state; float smooth; } Slot;

static int advanced(const How *how, int state, int token) {
    for (int i = how->piece_start[token]; i < how->piece_start[token + 1] && state >= 0; i++)
        state = how->delta[(long)state * 256 + how->piece_bytes[i]];
    return state;
}

static int only(const Model *m, const How *how, int state, int token) {
    int words = (m->vocab + 31) / 32, found = -1;
    const uint32_t *a = how->bits + (long)state * words, *b = how->pairs ? how->pairs + (long)token * words : 0;
    for (int w = 0; w < words; w++) {
        uint32_t x = a[w] & (b ? b[w] : ~0u);
        if (!x) continue;
        if (found >= 0 || x & (x - 1)) return -1;
        found = w * 32 + __builtin_ctz(x);
    }
    return found;
}

static int ending(const How *how, int token) {
    for (int i = 0; i < how->ends; i++) if (how->end[i] == token) return 1;
    return 0;
}

typedef struct {
    const Model *m;
    const How *how;
    const int64_t *starts; /* of the prompts */
    int64_t *tokens;
    float *logprobs;
    int32_t *lengths, *ended;
    Scored *order;
    uint64_t *keys;
} Work;

/* The next token of a slot's sample, and all that the grammar then leaves no choice in. A sample that ends frees it. */
static void written(const Work *w, Slot *me, float *logits) {
    const How *how = w->how;
    int words = (w->m->vocab + 31) / 32, prompt = (int)(w->starts[me->prompt + 1] - w->starts[me->prompt]), end = -1;
    int room = w->m->context - prompt < how->most ? w->m->context - prompt : how->most;
    int64_t *line = w->tokens + me->sample * how->most;
    float *told = w->logprobs + me->sample * how->most, logprob;
    const uint32_t *allowed = how->bits ? how->bits + (long)me->state * words : 0;
    const uint32_t *after = how->pairs && me->written ? how->pairs + line[me->written - 1] * words : 0;
    int token = drawn(w->m, how, logits, allowed, after, uniform(w->keys[me->sample], me->written), w->order, &logprob);
    if (token < 0) end = 2 - token;
    while (token >= 0) {
        line[me->written] = token;
        told[me->written++] = logprob;
        me->smooth = me->written == 1 ? logprob : how->alpha * me->smooth + (1 - how->alpha) * logprob;
        if (ending(how, token)) end = 0;
        else if (how->has_floor && me->smooth < how->floor) end = 2;
        else if (me->written >= room) end = 1;
        if (end >= 0 || !how->bits) break;
        me->state = advanced(how, me->state, token);
        token = only(w->m, how, me->state, token);
        logprob = 0;
    }
    if (end >= 0) {
        w->lengths[me->sample] = me->written;
        w->ended[me->sample] = end;
        me->sample = -1;
    }
}

/* Answers [samples, most]; lengths; ended: 0 stop, 1 length, 2 degenerate, 3 no token was allowed, 4 not finite. Each thread calls it
   with the same `next`; steps [0] counts passes through the model, [1] the tokens in them. */
void decode(const Model *m, const How *how, long samples, const int32_t *prompt_of, uint64_t *keys, const int64_t *starts,
            int prompt_cap, const S *caches, const float *prompt_logits, int slots, int64_t *tokens, float *logprobs,
            int32_t *lengths, int32_t *ended, atomic_long *next, long *steps) {
    enum { ROOM = 128 };
    int cap = up(how->most + 1, L), wide = up(m->vocab, L);
    long own = cache_size(m, cap), past = cache_size(m, prompt_cap), sizes[4];
    const S *head = m->weights + m->layers * row_sizes(m, sizes);
    Slot slot[slots];
    S *cache = calloc(own * slots, sizeof(S));
    float *logits = malloc(4l * wide);
    Work work = {m, how, starts, tokens, logprobs, lengths, ended, malloc(sizeof(Scored) * m->vocab), keys};
    Desk t = desk(m, ROOM, prompt_cap + cap + 2 * L);
    Place places[ROOM];
    for (int s = 0; s < slots; s++) slot[s].sample = -1;
    for (;;) {
        int n = 0, ready = 0, who[ROOM];
        for (int s = 0; s < slots; s++) { /* a free slot takes the next sample, whose prompt tells its first token */
            while (slot[s].sample < 0) {
                long i = atomic_fetch_add(next, 1);
                if (i >= samples) break;
                slot[s] = (Slot){i, prompt_of[i], 0, 0, how->start, 0};
                memcpy(logits, prompt_logits + (long)prompt_of[i] * wide, 4l * wide);
                written(&work, slot + s, logits);
            }
        }
        for (int s = 0; s < slots; s++) {
            Slot *me = slot + s;
            while (me->sample >= 0 && me->read < me->written && n < ROOM) {
                int length = (int)(starts[me->prompt + 1] - starts[me->prompt]);
                int token = (int)tokens[me->sample * how->most + me->read];
                places[n++] = (Place){cache + own * s, caches + past * me->prompt, cap, prompt_cap, length, me->read++, token};
            }
        }
        if (!n) break;
        forward(m, n, places, t);
        steps[0]++, steps[1] += n;
        for (int i = 0; i < n; i++) {
            int s = (int)((places[i].own - cache) / own);
            if (places[i].at + 1 < slot[s].written) continue;
            memcpy(t.qkv + (long)ready * m->d, t.h + (long)i * m->d, sizeof(S) * m->d);
            who[ready++] = s;
        }
        product(ready, wide / L, m->d / P, t.qkv, m->d, head, (long)m->d * L, t.wide, wide);
        for (int i = 0; i < ready; i++) written(&work, slot + who[i], t.wide + (long)i * wide);
    }
    free(cache), free(logits), free(work.order);
    cleared(t);
}
