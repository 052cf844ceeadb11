/* The n highest inner products of sparse rows with all columns of a sparse matrix: the limit that a compiled kernel is
   measured by. Sums in a dense vector; 64 at a time against the n-th best; a heap for those over it. */

#include <stdint.h>
#include <string.h>

#define CHUNK 64

static int worse(float s, int64_t c, float t, int64_t d) { return s < t || (s == t && c > d); }

static void sink(float *score, int64_t *column, int filled, float s, int64_t c) {
    int place = 0, child;
    while ((child = 2 * place + 1) < filled) {
        if (child + 1 < filled && worse(score[child + 1], column[child + 1], score[child], column[child])) child++;
        if (!worse(score[child], column[child], s, c)) break;
        score[place] = score[child], column[place] = column[child];
        place = child;
    }
    score[place] = s, column[place] = c;
}

/* sums: a multiple of 64 zeros, at least one for each column. score and column: n_rows × n. */
void best_sparse(const int64_t *begin, const uint32_t *feature, const float *value, const int64_t *start,
                 const uint32_t *index, const float *weight, const int64_t *rows, int64_t n_rows, int64_t size, int n,
                 float *restrict sums, float *score, int64_t *column) {
    for (int64_t r = 0; r < n_rows; r++, score += n, column += n) {
        for (int64_t p = begin[rows[r]]; p < begin[rows[r] + 1]; p++) {
            const float x = value[p];
            const int64_t stop = start[feature[p] + 1];
            for (int64_t q = start[feature[p]]; q < stop; q++) sums[index[q]] += x * weight[q];
        }
        for (int k = 0; k < n; k++) score[k] = 0, column[k] = INT64_MAX; /* worse than any that comes */
        for (int64_t s = 0; s < size; s += CHUNK) {
            int count = 0;
            for (int k = 0; k < CHUNK; k++) count += sums[s + k] > score[0];
            if (count)
                for (int k = 0; k < CHUNK; k++)
                    if (sums[s + k] > score[0]) sink(score, column, n, sums[s + k], s + k);
            memset(sums + s, 0, CHUNK * sizeof *sums);
        }
        for (int last = n - 1; last > 0; last--) { /* the best first */
            float t = score[last];
            int64_t d = column[last];
            score[last] = score[0], column[last] = column[0];
            sink(score, column, last, t, d);
        }
    }
}
