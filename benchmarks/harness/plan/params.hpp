// The words a plan for one workload may use.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// The default in the form of read_param(). Throws UserError at `document` when there is none.
Json default_param(const ParamSpec& spec, std::string_view path, const Place& document);

/// A workload's parameters, data sets and metrics, asked for once.
class Vocabulary {
 public:
  Vocabulary(const Workload& workload, const std::vector<std::filesystem::path>& data_dirs);

  const Workload& workload() const { return *workload_; }
  const std::string& name() const { return name_; }
  const std::vector<ParamSpec>& params() const { return params_; }
  const std::vector<DatasetChoice>& datasets() const { return datasets_; }
  const std::vector<std::string>& param_names() const { return param_names_; }
  const std::vector<std::string>& dataset_names() const { return dataset_names_; }
  const std::vector<std::string>& metric_names() const { return metric_names_; }

  const ParamSpec* param(std::string_view name) const;
  /// Whether parameters "name.…" exist.
  bool is_group(std::string_view name) const;
  const DatasetChoice* dataset(std::string_view name) const;
  static const ParamSpec* param_of(const DatasetChoice& dataset, std::string_view name);
  /// The parameter `name` of the first data set that has it.
  const ParamSpec* dataset_param(std::string_view name) const;
  /// What a cell of this data set has where a plan gives nothing, by its path: "params.inr.width" -> 64. Parameters that
  /// have no default are not in it.
  std::map<std::string, Json> defaults(std::string_view dataset) const;
  /// Whether a data set has parameters "name.…".
  bool is_dataset_group(std::string_view name) const;

  /// Every dotted path that a plan may set: backend, dataset, dataset.size, params.inr.width.
  const std::vector<std::string>& paths() const { return paths_; }
  /// Whether `path` is one of these, or a group of parameters.
  bool settable(std::string_view path) const;

 private:
  const Workload* workload_;
  std::string name_;
  std::vector<ParamSpec> params_;
  std::vector<DatasetChoice> datasets_;
  std::vector<std::string> param_names_, dataset_names_, metric_names_, paths_;
};

}  // namespace frugal::harness
