// Content and URL codings: pure functions of their arguments.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/http/message.h"

namespace logboom::http {
namespace {

constexpr int kGzipOrZlib = MAX_WBITS + 32;  // zlib's way to say: look at the header
constexpr int kGzip = MAX_WBITS + 16;
constexpr int kRaw = -MAX_WBITS;
constexpr int kGzipLevel = 4;  // JSON shrinks about as well as at 6, in half the time

// zlib counts in 32 bits; longer input is handed over in parts.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}
  void feed(z_stream& stream) {
    if (stream.avail_in > 0 || rest_.empty()) return;
    const std::size_t part = std::min<std::size_t>(rest_.size(), std::numeric_limits<uInt>::max());
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
    stream.avail_in = static_cast<uInt>(part);
    rest_.remove_prefix(part);
  }
  [[nodiscard]] bool all_fed() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

Result<std::string> inflate_as(int window_bits, std::string_view bytes, std::size_t limit_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, window_bits) != Z_OK) return fail(Errc::internal, "zlib: no memory");
  struct End {
    z_stream& stream;
    ~End() { inflateEnd(&stream); }
  } end{stream};

  Input input(bytes);
  std::string out;
  std::array<char, std::size_t{32} << 10> piece;
  for (;;) {
    input.feed(stream);
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = piece.size() - stream.avail_out;
    if (out.size() + made > limit_bytes) {
      return fail(Errc::too_large, "compressed body is larger than " + std::to_string(limit_bytes) +
                                       " bytes when inflated; send less at once");
    }
    out.append(piece.data(), made);
    if (code == Z_STREAM_END) {
      input.feed(stream);
      if (stream.avail_in == 0) return out;
      // gzip files may be several members one after the other.
      if (window_bits == kRaw || inflateReset(&stream) != Z_OK) {
        return fail(Errc::invalid, "compressed body: bytes after its end");
      }
      continue;
    }
    if (code == Z_BUF_ERROR && stream.avail_in == 0 && input.all_fed()) {
      return fail(Errc::invalid, "compressed body: cut off before its end");
    }
    if (code != Z_OK) {
      return fail(Errc::invalid, std::string("compressed body: ") +
                                     (stream.msg ? stream.msg : "not gzip or zlib"));
    }
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

Result<std::string> inflate(std::string_view bytes, std::size_t limit_bytes) {
  return inflate_as(kGzipOrZlib, bytes, limit_bytes);
}

Result<std::string> inflate_raw(std::string_view bytes, std::size_t limit_bytes) {
  return inflate_as(kRaw, bytes, limit_bytes);
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  // Fails only for want of memory.
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  Input input(bytes);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  std::size_t used = 0;
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    input.feed(stream);
    if (used == out.size()) out.resize(out.size() + out.size() / 2 + 64);
    const std::size_t room =
        std::min<std::size_t>(out.size() - used, std::numeric_limits<uInt>::max());
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(room);
    code = ::deflate(&stream, input.all_fed() ? Z_FINISH : Z_NO_FLUSH);
    used += room - stream.avail_out;
  }
  deflateEnd(&stream);
  out.resize(used);
  return out;
}

std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus_is_space) {
      out += ' ';
    } else if (c == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
               hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += c;  // also a '%' that starts no escape: people type them
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

Pairs parse_query(std::string_view query) {
  Pairs pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    pairs.emplace_back(
        percent_decode(pair.substr(0, equals), true),
        equals == std::string_view::npos ? "" : percent_decode(pair.substr(equals + 1), true));
  }
  return pairs;
}

}  // namespace logboom::http
