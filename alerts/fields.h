// A flat JSON object: how this folder keeps its records, so that an old server reads a newer one's
// and people can read both.
//
// Limits: kMaxList values of one list are read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logboom::alerts {

class Fields {
 public:
  static constexpr std::size_t kMaxList = 1'000;

  Fields() = default;
  // Nothing when it is no JSON object. Members of other shapes than below are passed over.
  [[nodiscard]] static std::optional<Fields> parse(std::string_view json);

  // What is absent is "", 0, empty.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;

  // Left out when empty or 0.
  void set(std::string_view name, std::string_view value);
  void set(std::string_view name, std::int64_t value);
  void set(std::string_view name, std::vector<std::string> value);

  [[nodiscard]] std::string json() const;

 private:
  std::map<std::string, std::string, std::less<>> texts_;
  std::map<std::string, std::int64_t, std::less<>> numbers_;
  std::map<std::string, std::vector<std::string>, std::less<>> lists_;
};

}  // namespace logboom::alerts
