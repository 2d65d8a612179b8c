#include "impl/cpu/matmul.hpp"

#include <fmt/format.h>

#include <cassert>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>

#include "impl/cpu/kernels/isa.hpp"

namespace frugal::cpu {
namespace {

dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

/// stride: from a row, as it is stored (transposed: a column), to the next; 0: they follow each other.
dnnl::memory::desc matrix(std::int64_t rows, std::int64_t columns, bool transposed, std::int64_t stride = 0,
                          bool bf16 = false) {
  using Type = dnnl::memory::data_type;
  if (stride == 0) stride = transposed ? rows : columns;
  const dnnl::memory::dims strides = transposed ? dnnl::memory::dims{1, stride} : dnnl::memory::dims{stride, 1};
  return {{rows, columns}, bf16 ? Type::bf16 : Type::f32, strides};
}

}  // namespace

struct Matmul::Impl {
  explicit Impl(const MatmulShape& s) : stream(engine()) {
    const auto a_desc = matrix(s.m, s.k, s.transpose_a, s.stride_a, s.bf16);
    const auto b_desc = matrix(s.k, s.n, s.transpose_b, s.stride_b, s.bf16);
    const auto c_desc = matrix(s.m, s.n, false, s.stride_c);
    dnnl::post_ops post;
    if (s.accumulate) post.append_sum(1.F);
    if (s.relu) post.append_eltwise(dnnl::algorithm::eltwise_relu, 0.F, 0.F);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(post);
    if (s.bias) {
      const auto bias_desc = matrix(1, s.n, false);
      primitive = dnnl::matmul({engine(), a_desc, b_desc, bias_desc, c_desc, attributes});
      bias = dnnl::memory(bias_desc, engine(), nullptr);
      arguments[DNNL_ARG_BIAS] = bias;
    } else {
      primitive = dnnl::matmul({engine(), a_desc, b_desc, c_desc, attributes});
    }
    a = dnnl::memory(a_desc, engine(), nullptr);
    b = dnnl::memory(b_desc, engine(), nullptr);
    c = dnnl::memory(c_desc, engine(), nullptr);
    arguments[DNNL_ARG_SRC] = a;
    arguments[DNNL_ARG_WEIGHTS] = b;
    arguments[DNNL_ARG_DST] = c;
  }

  dnnl::stream stream;
  dnnl::matmul primitive;
  dnnl::memory a, b, c, bias;
  std::unordered_map<int, dnnl::memory> arguments;
};

Matmul::Matmul(const MatmulShape& shape) : impl_(std::make_unique<Impl>(shape)) {}
Matmul::~Matmul() = default;
Matmul::Matmul(Matmul&&) noexcept = default;
Matmul& Matmul::operator=(Matmul&&) noexcept = default;

void Matmul::operator()(const void* a, const void* b, float* c, const float* bias) {
  assert((bias != nullptr) == static_cast<bool>(impl_->bias));
  // oneDNN takes void* for inputs too; it does not write to them.
  impl_->a.set_data_handle(const_cast<void*>(a));
  impl_->b.set_data_handle(const_cast<void*>(b));
  impl_->c.set_data_handle(c);
  if (bias) impl_->bias.set_data_handle(const_cast<float*>(bias));
  impl_->primitive.execute(impl_->stream, impl_->arguments);
}

bool onednn_multiplies_bf16() { return has_bf16() && __builtin_cpu_supports("avx512bf16"); }

const char* onednn_version() {
  static const std::string text = [] {
    const dnnl_version_t* v = dnnl_version();
    return fmt::format("{}.{}.{}", v->major, v->minor, v->patch);
  }();
  return text.c_str();
}

std::string onednn_implementation() { return fmt::format("cpu/onednn-{}/{}", onednn_version(), isa_name()); }

}  // namespace frugal::cpu
