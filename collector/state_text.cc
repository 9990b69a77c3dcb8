#include "collector/state_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "collector/descriptor.h"

namespace logboom::collector {
namespace {

Result<void> write_synced(const std::string& path, std::string_view text) {
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.open()) return fail(system_error("open " + path, errno));
  while (!text.empty()) {
    const auto written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(system_error("write " + path, errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return fail(system_error("fsync " + path, errno));
  return {};
}

std::string last_line(std::string_view before) {
  char text[32];
  std::snprintf(text, sizeof text, "end %016llx\n",
                static_cast<unsigned long long>(XXH64(before.data(), before.size(), 0)));
  return text;
}

}  // namespace

std::string escape_word(std::string_view word) {
  if (word.empty()) return "-";
  std::string out;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || c == '%' || byte == 0x7f || word == "-") {
      char text[4];
      std::snprintf(text, sizeof text, "%%%02x", byte);
      out += text;
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescape_word(std::string_view word) {
  if (word == "-") return {};
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    unsigned byte = 0;
    if (word[i] == '%' && i + 2 < word.size() &&
        std::from_chars(&word[i + 1], &word[i + 1] + 2, byte, 16).ec == std::errc{}) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += word[i];
    }
  }
  return out;
}

std::string with_checksum(std::string text) { return text += last_line(text); }

Result<std::string_view> check_checksum(std::string_view text) {
  const auto size = std::min(text.size(), last_line("").size());
  const auto before = text.substr(0, text.size() - size);
  if (!before.ends_with('\n') || text.substr(before.size()) != last_line(before)) {
    return fail(Errc::corrupt, "its last line: the checksum does not match");
  }
  return before;
}

Result<std::string> read_whole(const std::string& path, std::size_t most) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return fail(system_error("open " + path, errno));
  std::string text;
  std::array<char, 64 * 1024> bytes;
  while (true) {
    const auto got = ::read(file.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error("read " + path, errno));
    if (got == 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(got));
    if (text.size() > most) return fail(Errc::corrupt, path + ": too large");
  }
}

Result<void> replace_file(const std::string& path, std::string_view text) {
  const auto temporary = path + ".new";
  if (auto written = write_synced(temporary, text); !written) return written;
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return fail(system_error("rename " + temporary, errno));
  }
  const auto directory = path.substr(0, path.rfind('/') + 1);
  const Descriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open() || ::fsync(folder.get()) != 0) {
    return fail(system_error("fsync " + directory, errno));
  }
  return {};
}

}  // namespace logboom::collector
