// Element-wise work on whole parameter arrays. Counts are multiples of 16 (padded layouts).

static void compose(float *weight_t, const float *weight, const float *coefficients,
                    const float *basis, int32_t rank, size_t basis_stride, size_t count) {
  for (size_t i = 0; i < count; i += kWidth) {
    vf sum = load(weight + i);
    for (int32_t r = 0; r < rank; ++r) sum += load(basis + r * basis_stride + i) * coefficients[r];
    store(weight_t + i, sum);
  }
}

static float decompose(const float *d_weight_t, float coefficient, const float *basis,
                       float *d_basis, size_t count) {
  vf sum = {};
  for (size_t i = 0; i < count; i += kWidth) {
    const vf g = load(d_weight_t + i);
    store(d_basis + i, load(d_basis + i) + g * coefficient);
    sum += load(basis + i) * g;
  }
  return total(sum);
}

static void add(float *target, const float *source, size_t count) {
  for (size_t i = 0; i < count; i += kWidth) store(target + i, load(target + i) + load(source + i));
}

static void adam(float *parameters, float *gradient, float *m, float *v, size_t count, float rate,
                 float beta1, float beta2, float epsilon) {
  for (size_t i = 0; i < count; i += kWidth) {
    const vf g = load(gradient + i);
    const vf first = load(m + i) * beta1 + g * (1.0f - beta1);
    const vf second_moment = load(v + i) * beta2 + g * g * (1.0f - beta2);
    store(m + i, first);
    store(v + i, second_moment);
    store(parameters + i, load(parameters + i)
                              - first * rate / (__builtin_elementwise_sqrt(second_moment) + epsilon));
    store(gradient + i, (vf){});
  }
}

static double peak(int64_t rounds) {
  enum { kChains = 12 };  // enough to hide the latency, few enough for sixteen registers
  vf sum[kChains], x = splat(0.5f), y = splat(0.5f);
  for (int i = 0; i < kChains; ++i) sum[i] = splat((float)i);
  for (int64_t n = 0; n < rounds; ++n)
    for (int i = 0; i < kChains; ++i) {
      sum[i] = sum[i] * x + y;
#if defined(__x86_64__)
      __asm__ volatile("" : "+v"(sum[i]));  // keeps the loop as written
#else
      __asm__ volatile("" : "+w"(sum[i]));
#endif
    }
  return (double)(rounds * kChains * kWidth * 2);
}
