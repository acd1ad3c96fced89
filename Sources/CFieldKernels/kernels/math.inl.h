// Vector arithmetic, generic over the width kWidth of the including target.

typedef float vf __attribute__((vector_size(kWidth * 4)));
typedef int32_t vi __attribute__((vector_size(kWidth * 4)));
#define CFK_INLINE static inline __attribute__((always_inline))
#define CFK_MEMBER inline __attribute__((always_inline))

CFK_INLINE vf load(const float *p) { vf v; __builtin_memcpy(&v, p, sizeof v); return v; }
CFK_INLINE void store(float *p, vf v) { __builtin_memcpy(p, &v, sizeof v); }
// Zero is taken off rather than added, which would turn -0 into 0 and so cost an addition.
CFK_INLINE vf splat(float x) { return x - (vf){}; }
// The larger of the two; b where either is NaN, so that a NaN in b is never lost.
CFK_INLINE vf vmax(vf a, vf b) { return a > b ? a : b; }
CFK_INLINE vf vabs(vf x) { return __builtin_elementwise_abs(x); }

template <int Half, int... I>
CFK_INLINE vf crossed(vf v, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(v, v, (I ^ Half)...);
}

// The sum of a vector's numbers, half and half.
template <int Half = kWidth / 2>
CFK_INLINE float total(vf v) {
  const vf sum = v + crossed<Half>(v, std::make_integer_sequence<int, kWidth>());
  if constexpr (Half > 1) return total<Half / 2>(sum);
  else return sum[0];
}

// exp(x) for x in [-87, 88]; below, 0. Cody-Waite reduction, degree 6: relative error below 2e-7.
CFK_INLINE vf vexp(vf x) {
  const vf clamped = vmax(splat(-87.0f), x);
  const vf n = __builtin_elementwise_roundeven(clamped * 1.44269504088896341f);
  vf r = clamped - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  vf p = splat(1.3981999507e-3f);
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const vi exponent = (__builtin_convertvector(n, vi) + 127) << 23;
  return x < -87.0f ? (vf){} : p * (vf)exponent;
}

// 2^x for x in [-60, 0]; below, 2^-60, so that what it is multiplied by stays a normal number. The polynomial errs by
// at most 8e-8 of its value.
CFK_INLINE vf vexp2Down(vf x) {
  const vf clamped = vmax(splat(-60.0f), x);
  const vf n = __builtin_elementwise_roundeven(clamped), r = clamped - n;
  vf p = splat(1.32764666e-3f);
  p = p * r + 9.67554096e-3f;
  p = p * r + 5.55071346e-2f;
  p = p * r + 0.240221202f;
  p = p * r + 0.693146944f;
  p = p * r + 1.00000012f;
  return (vf)((vi)p + (__builtin_convertvector(n, vi) << 23));
}

// log(1 + t) for t in [0, 1]: t times a polynomial for log(1 + t) / t, which costs no division and errs by at most
// 2e-7 of its value.
CFK_INLINE vf vlog1p01(vf t) {
  vf p = splat(-8.53909645e-3f);
  p = p * t + 4.40892391e-2f;
  p = p * t - 0.10768117f;
  p = p * t + 0.177452043f;
  p = p * t - 0.244954497f;
  p = p * t + 0.332754761f;
  p = p * t - 0.499974042f;
  p = p * t + 0.999999821f;
  return p * t;
}

// sin and cos, |x| up to about 1e4: reduction by pi/2 in three parts, then polynomials.
CFK_INLINE void vsincos(vf x, vf *sine, vf *cosine) {
  const vf n = __builtin_elementwise_roundeven(x * 0.636619772367581343f);
  const vi quadrant = __builtin_convertvector(n, vi);
  vf r = x - n * 1.5703125f;
  r = r - n * 4.837512969970703125e-4f;
  r = r - n * 7.54978995489188216e-8f;
  const vf q = r * r;
  vf s = splat(-1.9515295891e-4f);
  s = s * q + 8.3321608736e-3f;
  s = s * q + -1.6666654611e-1f;
  s = s * q * r + r;
  vf c = splat(2.443315711809948e-5f);
  c = c * q + -1.388731625493765e-3f;
  c = c * q + 4.166664568298827e-2f;
  c = c * q * q - q * 0.5f + 1.0f;
  const vi swap = (quadrant & 1) != 0;
  const vf a = swap ? c : s, b = swap ? s : c;
  *sine = (quadrant & 2) != 0 ? -a : a;
  *cosine = ((quadrant + 1) & 2) != 0 ? -b : b;
}
