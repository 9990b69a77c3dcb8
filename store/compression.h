// zstd behind plain functions, with contexts that are kept per thread.
//
// Errors:  decompress() gives nothing when the bytes are not `raw_bytes` compressed ones.
// Threads: all functions from any; a Dictionary const from any.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace logboom::store {

// Text that is likely to come again, for many small pieces. Keeps a copy.
class Dictionary {
 public:
  // Without a level: for decompress() alone.
  explicit Dictionary(std::string_view text, std::optional<int> level = {});
  ~Dictionary();
  Dictionary(Dictionary&&) noexcept;
  Dictionary& operator=(Dictionary&&) noexcept;

  struct State;
  [[nodiscard]] const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string compress(std::string_view raw, int level,
                                   const Dictionary* dictionary = nullptr);
// Into `out`, which gets `raw_bytes` and `padding` zero bytes more.
[[nodiscard]] bool decompress_into(std::string& out, std::string_view packed, std::size_t raw_bytes,
                                   std::size_t padding, const Dictionary* dictionary = nullptr);
[[nodiscard]] std::optional<std::string> decompress(std::string_view packed, std::size_t raw_bytes);

}  // namespace logboom::store
