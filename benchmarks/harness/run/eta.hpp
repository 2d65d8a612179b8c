// How long is left? Cells of one workload and back end are taken to last equally long; what nobody has seen is unknown.
#pragma once
#include <map>
#include <optional>
#include <string>

namespace frugal::harness {

class Eta {
 public:
  struct Estimate {
    double seconds = 0;
    bool lower_bound = false;  ///< some cells are of a kind that has not run yet
  };

  /// Cells still to come, the running one included, by kind ("inr/cpu").
  void expect(const std::string& kind) { ++waiting_[kind]; }
  void start(const std::string& kind) { running_ = kind; }
  void finish(double seconds);

  /// `elapsed_s` and `fraction` are of the running cell. Empty: unknown.
  std::optional<Estimate> left(double elapsed_s, double fraction) const;

 private:
  struct Sum {
    double seconds = 0;
    int cells = 0;
  };
  std::map<std::string, int> waiting_;
  std::map<std::string, Sum> seen_;
  std::string running_;
};

}  // namespace frugal::harness
