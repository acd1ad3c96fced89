// a = phi(z), p = phi'(z) over a block of `count` floats; `second` rebuilds phi'' from a and p.

static void activate(int32_t kind, float scale, const float *z, float *a, float *p, int64_t count) {
  const float inverse = kind == CFK_SOFTPLUS ? 1.0f / scale : 0.0f;
  for (int64_t i = 0; i < count; i += kWidth) {
    const vf x = load(z + i);
    vf value, slope;
    switch (kind) {
      case CFK_SOFTPLUS: {
        const vf y = x * scale, t = vexp(-vabs(y)), r = 1.0f / (t + 1.0f);
        value = vmax((vf){}, x) + vlog1p01(t) * inverse;
        slope = y >= 0.0f ? r : t * r;
        break;
      }
      case CFK_RELU:
        value = vmax((vf){}, x);
        slope = x > 0.0f ? splat(1.0f) : (vf){};
        break;
      case CFK_SINE:
        vsincos(x * scale, &value, &slope);
        slope = slope * scale;
        break;
      case CFK_SIGMOID: {
        const vf t = vexp(-vabs(x)), r = 1.0f / (t + 1.0f);
        value = x >= 0.0f ? r : t * r;
        slope = value * (1.0f - value);
        break;
      }
      default: value = x; slope = splat(1.0f);
    }
    store(a + i, value);
    store(p + i, slope);
  }
}

CFK_INLINE vf second(int32_t kind, float scale, vf a, vf p) {
  switch (kind) {
    case CFK_SOFTPLUS: return p * (1.0f - p) * scale;
    case CFK_SINE: return a * (-scale * scale);
    case CFK_SIGMOID: return p * (1.0f - 2.0f * a);
    default: return (vf){};
  }
}
