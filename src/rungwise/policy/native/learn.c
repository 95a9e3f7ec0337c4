/* What training does beside products of large matrices: norms, gates, rotary positions, attention, the loss.

   Each function works on one thread. Rows lie end to end; attention knows by its segments who may read whom:
   [start, length, parent's start, parent's length], a segment reads its parent whole and itself up to each position. */

#include "vectors.h"

/* x = x + y; h = x / rms(x) * w. y may be null. */
void norm(long n, int d, const float *x, const S *y, const float *w, float eps, float *out, S *h, float *rms) {
    for (long r = 0; r < n; r++, x += d, out += d, h += d) {
        V total = all(0.f);
        for (int c = 0; c < d; c += L) {
            V v = loadf(x + c);
            if (y) v += load(y + r * d + c);
            storef(out + c, v);
            total += v * v;
        }
        float inverse = rms[r] = 1.f / sqrtf(sum(total) / d + eps);
        for (int c = 0; c < d; c += L) store(h + c, loadf(out + c) * all(inverse) * loadf(w + c));
    }
}

/* dx gets what flows into x (and y): through h, and `past` of the stream that went on. dw adds up. */
void norm_back(long n, int d, const float *x, const float *w, const float *rms, const S *dh, const float *past, float *dx,
               S *dy, float *dw) {
    for (long r = 0; r < n; r++, x += d, dh += d, dx += d) {
        V inner = all(0.f), inverse = all(rms[r]);
        for (int c = 0; c < d; c += L) {
            V g = load(dh + c), v = loadf(x + c);
            inner += g * loadf(w + c) * v;
            storef(dw + c, loadf(dw + c) + g * v * inverse);
        }
        V back = all(sum(inner) * rms[r] * rms[r] / d);
        for (int c = 0; c < d; c += L) {
            V g = inverse * (load(dh + c) * loadf(w + c) - loadf(x + c) * back);
            if (past) g += loadf(past + r * d + c);
            storef(dx + c, g);
            if (dy) store(dy + r * d + c, g);
        }
    }
}

/* a = silu(gate) * up, of rows [gate | up]. */
void gate(long n, int m, const S *both, S *a) {
    for (long r = 0; r < n; r++, both += 2 * m, a += m)
        for (int c = 0; c < m; c += L) {
            V g = load(both + c);
            store(a + c, g / (all(1.f) + expv(-g)) * load(both + m + c));
        }
}

void gate_back(long n, int m, const S *both, const S *da, S *dboth) {
    for (long r = 0; r < n; r++, both += 2 * m, dboth += 2 * m, da += m)
        for (int c = 0; c < m; c += L) {
            V g = load(both + c), u = load(both + m + c), d = load(da + c);
            V s = all(1.f) / (all(1.f) + expv(-g));
            store(dboth + c, d * u * s * (all(1.f) + g * (all(1.f) - s)));
            store(dboth + m + c, d * g * s);
        }
}

/* The first `heads` heads of each row turned in place by their position; turn -1 turns them back. */
void rotate(long n, int heads, int hd, long stride, const int64_t *positions, const float *cosines, const float *sines,
            float turn, S *rows) {
    int half = hd / 2;
    for (long r = 0; r < n; r++) {
        const float *co = cosines + positions[r] * half, *si = sines + positions[r] * half;
        for (int h = 0; h < heads; h++) {
            S *a = rows + r * stride + h * hd, *b = a + half;
            int c = 0;
            for (; c + L <= half; c += L) {
                V x = load(a + c), y = load(b + c), cv = loadf(co + c), sv = loadf(si + c) * all(turn);
                store(a + c, x * cv - y * sv);
                store(b + c, y * cv + x * sv);
            }
            if (c < half) { /* heads of 16: half a vector */
                float x[L] = {0}, y[L] = {0};
                S t[L] = {0};
                memcpy(t, a + c, (half - c) * sizeof(S)); storef(x, load(t));
                memcpy(t, b + c, (half - c) * sizeof(S)); storef(y, load(t));
                float p[L] = {0}, q[L] = {0};
                for (int i = 0; i < half - c; i++) {
                    p[i] = x[i] * co[c + i] - y[i] * si[c + i] * turn;
                    q[i] = y[i] * co[c + i] + x[i] * si[c + i] * turn;
                }
                store(t, loadf(p)); memcpy(a + c, t, (half - c) * sizeof(S));
                store(t, loadf(q)); memcpy(b + c, t, (half - c) * sizeof(S));
            }
        }
    }
}

typedef struct { int heads, groups, hd; } Shape;

static int longest(long segments, const int64_t *seg) {
    int most = L;
    for (long s = 0; s < segments; s++) {
        int t = up((int)(seg[4 * s + 1] + seg[4 * s + 3]), L);
        most = t > most ? t : most;
    }
    return most;
}

/* Panels of a segment's whole context: the parent's rows, then its own. What pads the last panel is zero. */
static void context_columns(const int64_t *seg, int hd, const S *rows, long stride, S *panels) {
    int own = (int)seg[1], past = (int)seg[3], padded = up(own + past, L);
    memset(panels + (long)(padded - L) * hd, 0, (long)L * hd * sizeof(S));
    pack_columns(past, 0, hd, rows + seg[2] * stride, stride, panels);
    pack_columns(own, past, hd, rows + seg[0] * stride, stride, panels);
}

static void context_rows(const int64_t *seg, int hd, const S *rows, long stride, S *panels) {
    int own = (int)seg[1], past = (int)seg[3], padded = up(own + past, L);
    memset(panels, 0, (long)padded * hd * sizeof(S));
    pack_rows(past, 0, hd, padded, rows + seg[2] * stride, stride, panels);
    pack_rows(own, past, hd, padded, rows + seg[0] * stride, stride, panels);
}

/* qkv: rows of heads queries, groups keys, groups values, already turned. lse: [n, heads]. */
void attend(long segments, const int64_t *seg, Shape s, const S *qkv, S *o, float *lse) {
    int hd = s.hd, each = s.heads / s.groups, cap = longest(segments, seg);
    long stride = (long)(s.heads + 2 * s.groups) * hd, wide = (long)s.heads * hd;
    V scale = all(1.f / sqrtf(hd));
    S *keys = malloc(sizeof(S) * cap * hd), *values = malloc(sizeof(S) * cap * hd), *weights = malloc(sizeof(S) * L * cap);
    float *scores = malloc(4l * L * cap), *mixed = malloc(4l * L * hd);
    for (long i = 0; i < segments; i++, seg += 4) {
        int own = (int)seg[1], past = (int)seg[3], padded = up(own + past, L);
        for (int g = 0; g < s.groups; g++) {
            context_columns(seg, hd, qkv + (long)(s.heads + g) * hd, stride, keys);
            context_rows(seg, hd, qkv + (long)(s.heads + s.groups + g) * hd, stride, values);
            for (int h = g * each; h < (g + 1) * each; h++)
                for (int at = 0; at < own; at += L) {
                    int rows = own - at < L ? own - at : L, wideness = up(past + at + rows, L);
                    product(rows, wideness / L, hd / P, qkv + (seg[0] + at) * stride + h * hd, stride, keys, (long)L * hd,
                            scores, cap);
                    float inverse[L];
                    for (int r = 0; r < rows; r++) {
                        float *line = scores + (long)r * cap;
                        V last = all((float)(past + at + r)), most = all(-INFINITY), total = all(0.f);
                        for (int c = 0; c < wideness; c += L) {
                            V x = choose(lanes() + all((float)c) <= last, loadf(line + c) * scale, all(-INFINITY));
                            storef(line + c, x);
                            most = larger(most, x);
                        }
                        float top = largest(most);
                        for (int c = 0; c < wideness; c += L) {
                            V x = expv(loadf(line + c) - all(top));
                            total += x;
                            store(weights + (long)r * cap + c, x);
                        }
                        float whole = sum(total);
                        inverse[r] = 1.f / whole;
                        lse[(seg[0] + at + r) * s.heads + h] = top + logf(whole);
                    }
                    product(rows, hd / L, wideness / P, weights, cap, values, (long)padded * L, mixed, hd);
                    for (int r = 0; r < rows; r++)
                        for (int c = 0; c < hd; c += L)
                            store(o + (seg[0] + at + r) * wide + h * hd + c, loadf(mixed + r * hd + c) * all(inverse[r]));
                }
        }
    }
    free(keys), free(values), free(weights), free(scores), free(mixed);
}

/* dqkv from do: queries by rows of queries, keys and values by rows of keys, so that nothing is transposed. dkv is a
   workspace [n, 2 groups hd] of zeros, for a parent's keys are read by all its children. */
void attend_back(long n, long segments, const int64_t *seg, Shape s, const S *qkv, const S *o, const float *lse, const S *doo,
                 float *dkv, S *dqkv) {
    int hd = s.hd, each = s.heads / s.groups, cap = longest(segments, seg);
    long stride = (long)(s.heads + 2 * s.groups) * hd, wide = (long)s.heads * hd, kv = 2l * s.groups * hd;
    V scale = all(1.f / sqrtf(hd));
    size_t panel = sizeof(S) * cap * hd;
    S *keys = malloc(panel), *key_rows = malloc(panel), *values = malloc(panel), *queries = malloc(panel),
      *query_rows = malloc(panel), *outs = malloc(panel), *out_rows = malloc(panel);
    S *weights = malloc(sizeof(S) * L * cap), *slopes = malloc(sizeof(S) * L * cap);
    float *scores = malloc(4l * L * cap), *drift = malloc(4l * L * cap), *mixed = malloc(4l * L * hd);
    float *level = calloc(cap, 4), *inner = calloc(cap, 4);
    for (long i = 0; i < segments; i++, seg += 4) {
        int own = (int)seg[1], past = (int)seg[3], whole = own + past;
        int64_t alone[4] = {seg[0], own, 0, 0};
        int padded = up(whole, L), long_own = up(own, L);
        for (int g = 0; g < s.groups; g++) {
            const S *k = qkv + (long)(s.heads + g) * hd, *v = k + (long)s.groups * hd;
            context_columns(seg, hd, k, stride, keys);
            context_columns(seg, hd, v, stride, values);
            context_rows(seg, hd, k, stride, key_rows);
            for (int h = g * each; h < (g + 1) * each; h++) {
                const S *q = qkv + (long)h * hd, *dout = doo + (long)h * hd;
                context_columns(alone, hd, q, stride, queries);
                context_rows(alone, hd, q, stride, query_rows);
                context_columns(alone, hd, dout, wide, outs);
                context_rows(alone, hd, dout, wide, out_rows);
                for (int r = 0; r < own; r++) {
                    V total = all(0.f);
                    for (int c = 0; c < hd; c += L)
                        total += load(dout + (seg[0] + r) * wide + c) * load(o + (seg[0] + r) * wide + h * hd + c);
                    inner[r] = sum(total);
                    level[r] = lse[(seg[0] + r) * s.heads + h];
                }
                for (int at = 0; at < own; at += L) {
                    int rows = own - at < L ? own - at : L, wideness = up(past + at + rows, L);
                    product(rows, wideness / L, hd / P, q + (seg[0] + at) * stride, stride, keys, (long)L * hd, scores, cap);
                    product(rows, wideness / L, hd / P, dout + (seg[0] + at) * wide, wide, values, (long)L * hd, drift, cap);
                    for (int r = 0; r < rows; r++) {
                        V last = all((float)(past + at + r)), top = all(level[at + r]), mean = all(inner[at + r]);
                        for (int c = 0; c < wideness; c += L) {
                            V p = expv(loadf(scores + (long)r * cap + c) * scale - top);
                            p = choose(lanes() + all((float)c) <= last, p, all(0.f));
                            store(slopes + (long)r * cap + c, p * (loadf(drift + (long)r * cap + c) - mean) * scale);
                        }
                    }
                    product(rows, hd / L, wideness / P, slopes, cap, key_rows, (long)padded * L, mixed, hd);
                    for (int r = 0; r < rows; r++)
                        for (int c = 0; c < hd; c += L)
                            store(dqkv + (seg[0] + at + r) * stride + (long)h * hd + c, loadf(mixed + r * hd + c));
                }
                for (int at = 0; at < whole;) {
                    int mine = at >= past, edge = mine ? whole : past;
                    int rows = edge - at < L ? edge - at : L, first = mine ? (at - past) / L * L : 0;
                    long row = mine ? seg[0] + at - past : seg[2] + at;
                    int wideness = long_own - first;
                    product(rows, wideness / L, hd / P, k + row * stride, stride, queries + (long)first * hd, (long)L * hd,
                            scores, cap);
                    product(rows, wideness / L, hd / P, v + row * stride, stride, outs + (long)first * hd, (long)L * hd,
                            drift, cap);
                    for (int r = 0; r < rows; r++) {
                        V from = all((float)(mine ? at - past + r : 0)), end = all((float)own);
                        for (int c = 0; c < wideness; c += L) {
                            V where = lanes() + all((float)(first + c));
                            V p = expv(loadf(scores + (long)r * cap + c) * scale - loadf(level + first + c));
                            p = choose((where >= from) & (where < end), p, all(0.f));
                            store(weights + (long)r * cap + c, p);
                            store(slopes + (long)r * cap + c,
                                  p * (loadf(drift + (long)r * cap + c) - loadf(inner + first + c)) * scale);
                        }
                    }
                    float *dk = dkv + row * kv + (long)g * hd, *dv = dk + (long)s.groups * hd;
                    product(rows, hd / L, wideness / P, slopes, cap, query_rows + (long)first * L, (long)long_own * L, mixed, hd);
                    for (int r = 0; r < rows; r++)
                        for (int c = 0; c < hd; c += L)
                            storef(dk + r * kv + c, loadf(dk + r * kv + c) + loadf(mixed + r * hd + c));
                    product(rows, hd / L, wideness / P, weights, cap, out_rows + (long)first * L, (long)long_own * L, mixed, hd);
                    for (int r = 0; r < rows; r++)
                        for (int c = 0; c < hd; c += L)
                            storef(dv + r * kv + c, loadf(dv + r * kv + c) + loadf(mixed + r * hd + c));
                    at += rows;
                }
            }
        }
    }
    for (long r = 0; r < n; r++)
        for (long c = 0; c < kv; c += L) store(dqkv + r * stride + wide + c, loadf(dkv + r * kv + c));
    free(keys), free(key_rows), free(values), free(queries), free(query_rows), free(outs), free(out_rows);
    free(weights), free(slopes), free(scores), free(drift), free(mixed), free(level), free(inner);
}

/* Weights [rows, width] as panels for `scores_of` and the sampler; rows are padded to whole panels with zeros. */
void pack(int rows, int width, const S *w, S *panels) {
    memset(panels + (long)(up(rows, L) - L) * width, 0, (long)L * width * sizeof(S));
    pack_columns(rows, 0, width, w, width, panels);
}

/* logits [n, up(vocab)] in single precision, of gathered rows of h. */
void scores_of(long n, int d, int vocab, const S *h, const S *panels, float *logits) {
    int wide = up(vocab, L);
    product((int)n, wide / L, d / P, h, d, panels, (long)d * L, logits, wide);
}

/* Of each row: the log-probability of its label, the log of the sum, the entropy. allowed [n, vocab] may be null. The
   logits become those of the distribution: over the temperature, and -1e30 where a token is not allowed. */
void likelihood(long n, int vocab, float temperature, const uint8_t *allowed, const int64_t *labels, float *logits,
                float *logprob, float *lse, float *entropy) {
    int wide = up(vocab, L);
    for (long r = 0; r < n; r++, logits += wide) {
        V most = all(-1e30f), total = all(0.f), moment = all(0.f);
        for (int c = 0; c < wide; c += L) {
            V x = loadf(logits + c) / all(temperature);
            x = choose(lanes() + all((float)c) < all((float)vocab), x, all(-1e30f));
            storef(logits + c, x);
        }
        if (allowed)
            for (int c = 0; c < vocab; c++) if (!allowed[r * vocab + c]) logits[c] = -1e30f;
        for (int c = 0; c < wide; c += L) most = larger(most, loadf(logits + c));
        float top = largest(most);
        for (int c = 0; c < wide; c += L) {
            V x = loadf(logits + c) - all(top), e = expv(x);
            total += e;
            moment += choose(e > all(0.f), e * x, all(0.f));
        }
        float whole = sum(total);
        lse[r] = top + logf(whole);
        logprob[r] = logits[labels[r]] - lse[r];
        entropy[r] = logf(whole) - sum(moment) / whole;
    }
}

/* What flows into the logits (before the temperature) from the log-probabilities and the entropies. */
void likelihood_back(long n, int vocab, float temperature, const int64_t *labels, const float *logits, const float *lse,
                     const float *entropy, const float *dlogprob, const float *dentropy, S *dlogits) {
    int wide = up(vocab, L);
    for (long r = 0; r < n; r++, logits += wide, dlogits += wide) {
        V level = all(lse[r]), h = all(entropy[r]), a = all(dlogprob[r]), b = all(dentropy[r]), t = all(1.f / temperature);
        for (int c = 0; c < wide; c += L) {
            V x = loadf(logits + c) - level, p = expv(x);
            V where = lanes() + all((float)c);
            V hit = choose(where == all((float)labels[r]), all(1.f), all(0.f));
            V spread = choose(p > all(0.f), p * (x + h), all(0.f));
            store(dlogits + c, t * (a * (hit - p) - b * spread));
        }
    }
}
