// What the models of rank 0 have in common: a model of the cpu back end, which the others' follow.
#pragma once
#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "impl/base/files.hpp"
#include "impl/common/placed_state.hpp"
#include "impl/common/safetensors.hpp"
#include "impl/mpi/team.hpp"
#include "impl/mpi/travel.hpp"

namespace frugal::mpi {

/// A model of rank 0. Contract: MatrixFactorizer and so on.
template <class Contract>
class Leading : public Contract {
 public:
  ~Leading() override {
    if (!team_.busy()) team_.call({Call::drop, number_}, [] {});
  }
  Leading(const Leading&) = delete;
  Leading& operator=(const Leading&) = delete;

  std::string implementation() const override { return "mpi/" + model_->implementation(); }
  ModelState export_state() const override { return model_->export_state(); }

  void import_state(const ModelState& state) override {
    model_->import_state(state);  // what is wrong with it must be found before the others are told
    call(Call::import_state, 0, [&] { tell_state(ranks(), state); });
  }

  /// By all ranks, where all see the folder; else rank 0 gathers the state, and writes it.
  void save(const std::filesystem::path& path, std::span<const NamedTensor> more) const override {
    if (ranks().size() == 1) return model_->save(path, more);
    PendingFile pending(path);
    write_whole_file(pending.path(), pending.path().string());  // its name is its own
    if (!is_seen(pending.path())) return Contract::save(path, more);
    call_with(Call::save, pending.path(), [&] {
      model_->save(pending.path(), more);
      return true;
    });
    pending.publish();
  }

  /// Likewise.
  ModelState load(const std::filesystem::path& path, std::string_view beside) override {
    if (ranks().size() == 1) return model_->load(path, beside);
    const SafetensorsIndex index = index_safetensors(path);  // throws before the others are told
    const bool is_fp32 = std::ranges::none_of(index.tensors, &SafetensorsIndex::Tensor::is_fp16);
    if (!is_fp32 || !is_seen(path)) return Contract::load(path, beside);
    return call_with(Call::load_state, path, [&] {
      tell_values(ranks(), std::span<const char>(beside));
      return model_->load(path, beside);
    });
  }

 protected:
  /// make(): tells the spec, and makes the model of rank 0.
  template <class Make>
  Leading(Team& team, Call kind, const Make& make)
      : team_(team), number_(team.new_number()), model_(team.call({kind, number_}, make)) {}

  /// Of a model whose state lies with all ranks.
  ModelState gathered_state() const {
    return call(Call::export_state, 0, [&] { return model_->export_state(); });
  }

  template <class Body>
  auto call(Call what, std::uint64_t number, const Body& body) const {
    return team_.call({what, number_, number}, body);
  }
  Communicator& ranks() const { return team_.ranks(); }
  Contract& model() const { return *model_; }

 private:
  /// A call about a file, which all ranks refuse alike.
  template <class Body>
  auto call_with(Call what, const std::filesystem::path& file, const Body& body) const {
    return team_.call_or_refuse({what, number_}, [&] {
      tell_values(ranks(), std::span<const char>(file.string()));
      return body();
    });
  }

  bool is_seen(const std::filesystem::path& file) const {
    return call_with(Call::see, file, [&] { return is_seen_by_all(ranks(), file); });
  }

  Team& team_;
  std::uint32_t number_;
  std::unique_ptr<Contract> model_;
};

}  // namespace frugal::mpi
