// Element-wise work on whole parameter arrays. Counts are multiples of 16 (padded layouts).

static void compose(float *weight_t, const float *weight, const float *coefficients,
                    const float *basis, int32_t rank, size_t count) {
  for (size_t i = 0; i < count; i += kWidth) {
    vf sum = load(weight + i);
    for (int32_t r = 0; r < rank; ++r) sum += load(basis + r * count + i) * coefficients[r];
    store(weight_t + i, sum);
  }
}

static void decompose(const float *d_weight_t, const float *coefficients, const float *basis,
                      float *d_basis, float *dots, int32_t rank, size_t count, size_t begin,
                      size_t end) {
  for (int32_t r = 0; r < rank; ++r) {
    vf sum = {};
    const float c = coefficients[r];
    for (size_t i = begin; i < end; i += kWidth) {
      const vf g = load(d_weight_t + i);
      float *target = d_basis + r * count + i;
      store(target, load(target) + g * c);
      sum += load(basis + r * count + i) * g;
    }
    float result = 0;
    for (int i = 0; i < kWidth; ++i) result += sum[i];
    dots[r] = result;
  }
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
