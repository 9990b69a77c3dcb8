// Writing and reading the small parts of our values: varints, signed varints, texts.
//
//   varint   7 bits a byte, lowest first, the top bit says that more follow; at most 10 bytes
//   signed   zigzag (0, -1, 1, -2, ... become 0, 1, 2, 3, ...), then varint
//   text     varint length, then the bytes
//   u64      8 bytes, lowest first
//
// Errors:  ByteReader never reads outside its bytes; after the first wrong read everything is 0 or
//          empty and ok() is false, so that callers check once, at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logboom::store {

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void put_signed(std::string& out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  put_varint(out, (bits << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

inline void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

inline void put_u64(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  std::uint8_t byte() {
    if (rest_.empty()) return refuse();
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }

  std::uint64_t varint() {
    if (!rest_.empty() && static_cast<std::uint8_t>(rest_.front()) < 0x80) return byte();
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < rest_.size() && i < 10; ++i) {
      const auto b = static_cast<std::uint8_t>(rest_[i]);
      value |= std::uint64_t{b & 0x7fU} << (7 * i);
      if ((b & 0x80U) == 0) {
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    return refuse();
  }

  // A varint that counts or numbers something of which there are at most `most`.
  std::uint64_t varint_upto(std::uint64_t most) {
    const auto value = varint();
    return value <= most ? value : refuse();
  }

  std::int64_t signed_varint() {
    const auto bits = varint();
    return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
  }

  std::string_view bytes(std::uint64_t size) {
    if (size > rest_.size()) {
      refuse();
      return {};
    }
    const auto value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }

  std::string_view text() { return bytes(varint()); }

  std::uint64_t u64() {
    const auto raw = bytes(8);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < raw.size(); ++i)
      value |= std::uint64_t{static_cast<std::uint8_t>(raw[i])} << (8 * i);
    return value;
  }

 private:
  std::uint8_t refuse() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace logboom::store
