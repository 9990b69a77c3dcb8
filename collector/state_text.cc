#include "collector/state_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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
