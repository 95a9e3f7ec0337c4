/* Sixteen floats at a time, whatever the machine has: GCC's vector types, and bf16 dot products where there are some.

   S is how activations and weights are stored: bfloat16 with -DBF16, else float. A product of matrices reads its right
   side in panels of 16 columns, P rows of it interleaved, so that one instruction feeds 16 sums: [panel][row / P][16][P].
   Every sum runs over its rows in order, alone: a result does not depend on what else is computed beside it. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(BF16) && defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))
#define L 16

typedef float V __attribute__((vector_size(64)));
typedef int32_t VI __attribute__((vector_size(64)));
typedef uint32_t VW __attribute__((vector_size(64)));
typedef V VX __attribute__((aligned(4), may_alias));
typedef VW VWX __attribute__((aligned(4), may_alias));
typedef uint16_t H __attribute__((vector_size(32), aligned(2), may_alias));

INLINE V all(float x) { return (V){} + x; }
INLINE V choose(VI mask, V yes, V no) { return (V)((mask & (VI)yes) | (~mask & (VI)no)); }
INLINE V larger(V a, V b) { return choose(a > b, a, b); }
INLINE V lanes(void) { return (V){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }
INLINE V loadf(const float *p) { return *(const VX *)p; }
INLINE void storef(float *p, V x) { *(VX *)p = x; }

INLINE float sum(V x) {
    float s = 0;
    for (int half = 8; half; half /= 2)
        for (int i = 0; i < half; i++) x[i] += x[i + half];
    s = x[0];
    return s;
}

INLINE float largest(V x) {
    float m = x[0];
    for (int i = 1; i < L; i++) m = x[i] > m ? x[i] : m;
    return m;
}

/* exp by 2^n * polynomial, 2 ulp; below -87 it is 0. */
INLINE V expv(V x) {
    VI tiny = x < all(-87.f);
    x = choose(tiny, all(0.f), x);
    x = choose(x > all(88.f), all(88.f), x);
    V n = x * all(1.44269504f) + all(12582912.f);
    n -= all(12582912.f);
    V r = x - n * all(0.693145752f) - n * all(1.42860677e-6f);
    V p = all(1.9875691e-4f);
    p = p * r + all(1.3981999e-3f);
    p = p * r + all(8.3334519e-3f);
    p = p * r + all(4.1665796e-2f);
    p = p * r + all(1.6666666e-1f);
    p = p * r + all(.5f);
    p = p * r * r + r + all(1.f);
    VI scale = (__builtin_convertvector(n, VI) + 127) << 23;
    return choose(tiny, all(0.f), p * (V)scale);
}

#ifdef BF16
typedef uint16_t S;
#define P 2
typedef uint32_t Pair;
INLINE V load(const S *p) { return (V)(__builtin_convertvector(*(const H *)p, VW) << 16); }
INLINE void store(S *p, V x) {
#ifdef __AVX512BF16__
    *(__m256i_u *)p = (__m256i)_mm512_cvtneps_pbh((__m512)x);
#else
    VW u = (VW)x;
    u += 0x7fff + ((u >> 16) & 1);
    *(H *)p = __builtin_convertvector(u >> 16, H);
#endif
}
INLINE Pair pair(const S *p) { Pair x; memcpy(&x, p, 4); return x; }
INLINE V dot(V acc, Pair a, VW b) {
#ifdef __AVX512BF16__
    return (V)_mm512_dpbf16_ps((__m512)acc, (__m512bh)_mm512_set1_epi32((int)a), (__m512bh)b);
#else
    union { uint32_t u; float f; } low = {a << 16}, high = {a & 0xffff0000u};
    return acc + all(low.f) * (V)(b << 16) + all(high.f) * (V)(b & 0xffff0000u);
#endif
}
#else
typedef float S;
#define P 1
typedef float Pair;
INLINE V load(const S *p) { return loadf(p); }
INLINE void store(S *p, V x) { storef(p, x); }
INLINE Pair pair(const S *p) { return *p; }
INLINE V dot(V acc, Pair a, VW b) { return acc + all(a) * (V)b; }
#endif

INLINE int up(int n, int to) { return (n + to - 1) / to * to; }

/* A tile of m rows and n panels: c = a b over k groups of P rows. The constants make it stay in registers. */
INLINE void tile(const int m, const int n, int k, const S *a, long lda, const S *b, long ldb, float *c, long ldc) {
    V acc[8][3];
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) acc[i][j] = all(0.f);
    for (int q = 0; q < k; q++) {
        VW right[3];
        for (int j = 0; j < n; j++) right[j] = *(const VWX *)(b + j * ldb + (long)q * L * P);
        for (int i = 0; i < m; i++) {
            Pair left = pair(a + i * lda + q * P);
            for (int j = 0; j < n; j++) acc[i][j] = dot(acc[i][j], left, right[j]);
        }
    }
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) storef(c + i * ldc + j * L, acc[i][j]);
}

INLINE void columns(const int n, int rows, int k, const S *a, long lda, const S *b, long ldb, float *c, long ldc) {
    int i = 0;
    for (; i + 8 <= rows; i += 8) tile(8, n, k, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
    if (i + 4 <= rows) { tile(4, n, k, a + i * lda, lda, b, ldb, c + i * ldc, ldc); i += 4; }
    if (i + 2 <= rows) { tile(2, n, k, a + i * lda, lda, b, ldb, c + i * ldc, ldc); i += 2; }
    if (i < rows) tile(1, n, k, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
}

/* c [rows, 16 panels] = a [rows, P k] b; ldb is the length of a panel. */
static void product(int rows, int panels, int k, const S *a, long lda, const S *b, long ldb, float *c, long ldc) {
    int j = 0;
    for (; j + 3 <= panels; j += 3) columns(3, rows, k, a, lda, b + j * ldb, ldb, c + j * L, ldc);
    if (j + 2 <= panels) { columns(2, rows, k, a, lda, b + j * ldb, ldb, c + j * L, ldc); j += 2; }
    if (j < panels) columns(1, rows, k, a, lda, b + j * ldb, ldb, c + j * L, ldc);
}

/* Rows [at, at + n) of `rows`, whose `width` numbers are summed over, become columns of panels. */
static void pack_columns(int n, int at, int width, const S *rows, long stride, S *panels) {
    for (int i = 0; i < n; i++) {
        S *to = panels + (long)((at + i) / L) * width * L + (at + i) % L * P;
        const S *from = rows + i * stride;
        for (int d = 0; d < width; d += P) memcpy(to + (long)d * L, from + d, P * sizeof(S));
    }
}

/* Rows [at, at + n), which are summed over, with `width` columns; `cap` rows fit. */
static void pack_rows(int n, int at, int width, int cap, const S *rows, long stride, S *panels) {
    for (int i = 0; i < n; i++) {
        S *to = panels + (long)((at + i) / P) * L * P + (at + i) % P;
        for (int c = 0; c < width; c++) to[(long)(c / L) * cap * L + c % L * P] = rows[i * stride + c];
    }
}
