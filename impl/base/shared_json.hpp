// A document that many hold and few change.
#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "impl/base/document.hpp"

namespace frugal {

/// Copies are one document until one of them is written to: a sweep has thousands of cells that differ in their seeds alone.
/// Not for two threads that write.
class SharedJson {
 public:
  SharedJson() : json_(std::make_shared<Json>()) {}
  SharedJson(Json json) : json_(std::make_shared<Json>(std::move(json))) {}
  SharedJson(Json::initializer_list_t members) : SharedJson(Json(members)) {}

  const Json& json() const { return *json_; }
  /// Throws as Json does when it has no such key.
  const Json& at(const std::string& key) const { return json_->at(key); }
  bool contains(const std::string& key) const { return json_->contains(key); }
  std::string dump() const { return json_->dump(); }
  /// To be written to: makes the document this copy's own. References that it gave before may be of the old one.
  Json& operator[](const std::string& key) {
    if (json_.use_count() > 1) json_ = std::make_shared<Json>(*json_);
    return (*json_)[key];
  }
  friend bool operator==(const SharedJson& a, const SharedJson& b) {
    return a.json_ == b.json_ || *a.json_ == *b.json_;
  }

 private:
  std::shared_ptr<Json> json_;
};

}  // namespace frugal
