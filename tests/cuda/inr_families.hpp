// Networks that the tensor-core kernels of the cuda back end take.
#pragma once
#include "impl/common/specs.hpp"

namespace frugal::inr_test {

/// A spec of every family of tensor-core kernels, and the word for it in the record.
struct Family {
  const char* name;
  InrSpec spec;
};
inline const Family families[] = {
    {"narrow-resident", {.networks = 6, .points = 16, .hidden_layers = 1, .width = 128}},
    {"narrow-resident", {.networks = 2, .points = 49, .inputs = 1, .channels = 1, .hidden_layers = 1, .width = 100}},
    {"narrow-gathered", {.networks = 5, .points = 36, .inputs = 2, .channels = 2, .hidden_layers = 2, .width = 50}},
    {"narrow-gathered", {.networks = 2, .points = 196, .channels = 1, .hidden_layers = 1, .width = 40}},
    {"narrow-gathered", {.networks = 2, .points = 64, .inputs = 3, .hidden_layers = 5, .width = 64}},
    {"narrow-gathered", {.networks = 1, .points = 289, .hidden_layers = 1, .width = 33}},
    {"narrow-gathered", {.networks = 1, .points = 256, .hidden_layers = 5, .width = 40}},
    {"narrow-paired", {.networks = 3, .points = 144, .hidden_layers = 1, .width = 90}},
    {"narrow-gathered", {.networks = 2, .points = 81, .hidden_layers = 2, .width = 66}},
    {"wide", {.networks = 2, .points = 144, .hidden_layers = 3, .width = 70}},
    {"wide", {.networks = 1, .points = 144, .hidden_layers = 1, .width = 200}},
    {"wide", {.networks = 1, .points = 64, .hidden_layers = 1, .width = 300}},
};

}  // namespace frugal::inr_test
