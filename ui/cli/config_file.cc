#include "ui/cli/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/labels.h"
#include "core/options.h"
#include "ui/cli/answer.h"

namespace logboom::ui::cli {
namespace {

constexpr std::string_view kSpace = " \t\r";
constexpr std::string_view kContexts = "contexts.";

std::string_view trim(std::string_view text) {
  const auto start = text.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return "";
  return text.substr(start, text.find_last_not_of(kSpace) - start + 1);
}

// A string at the start of the text ("..." with escapes, or '...'), which it removes.
Result<std::string> take_string(std::string_view& text) {
  const char quote = text.empty() ? ' ' : text.front();
  if (quote != '"' && quote != '\'') {
    return fail(Errc::invalid, "expected a string in quotes, such as url = \"https://...\"");
  }
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] != '\\' || quote == '\'') {
      value += text[i];
      continue;
    }
    const char escaped = ++i < text.size() ? text[i] : ' ';
    if (escaped != '"' && escaped != '\\') {
      return fail(Errc::invalid, "only \\\" and \\\\ may be escaped in a string");
    }
    value += escaped;
  }
  return fail(Errc::invalid, "the string has no closing quote");
}

bool only_comment(std::string_view text) {
  text = trim(text);
  return text.empty() || text.front() == '#';
}

bool bare(std::string_view name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                              std::string_view::npos;
}

// [contexts.NAME] or [contexts."NAME"]: the name.
Result<std::string> parse_header(std::string_view line) {
  line = trim(line.substr(1));
  if (!line.starts_with(kContexts)) {
    return fail(Errc::invalid, "unknown table; only [contexts.NAME] is known");
  }
  line.remove_prefix(kContexts.size());
  std::string name;
  if (line.starts_with('"')) {
    auto quoted = take_string(line);
    if (!quoted) return quoted;
    name = *std::move(quoted);
  } else {
    const auto end = line.find(']');
    name = trim(line.substr(0, end));
    if (!bare(name)) return fail(Errc::invalid, "write a name with such characters in quotes");
    line.remove_prefix(std::min(end, line.size()));
  }
  line = trim(line);
  if (!line.starts_with(']') || !only_comment(line.substr(1))) {
    return fail(Errc::invalid, "expected ']' at the end of the table's name");
  }
  return name;
}

struct Assignment {
  std::string key, value;
};

Result<Assignment> parse_assignment(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return fail(Errc::invalid, "expected key = \"value\"");
  Assignment result{.key = std::string(trim(line.substr(0, equals))), .value = {}};
  auto rest = trim(line.substr(equals + 1));
  auto value = take_string(rest);
  if (!value) return fail(std::move(value).error());
  if (!only_comment(rest)) return fail(Errc::invalid, "unexpected text after the string");
  result.value = *std::move(value);
  return result;
}

Error unknown_key(const std::string& key, const std::vector<std::string>& known) {
  const auto near = nearest(key, known);
  return {Errc::invalid,
          "unknown key '" + key + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?")};
}

Result<void> assign(ConfigFile& config, const std::optional<std::string>& table,
                    Assignment assignment) {
  if (!table) {
    if (assignment.key != "current") return fail(unknown_key(assignment.key, {"current"}));
    config.current = std::move(assignment.value);
    return {};
  }
  auto& context = config.contexts[*table];
  if (assignment.key == "url") {
    context.url = std::move(assignment.value);
  } else if (assignment.key == "tool") {
    if (auto valid = check_tool_name(assignment.value); !valid) return valid;
    context.tool = std::move(assignment.value);
  } else {
    return fail(unknown_key(assignment.key, {"url", "tool"}));
  }
  return {};
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string quote(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out += '"';
}

}  // namespace

Result<ConfigFile> parse_config(std::string_view text, std::string_view file_name) {
  ConfigFile config;
  std::optional<std::string> table;
  std::size_t number = 0;
  for (const auto whole : lines_of(text)) {
    ++number;
    const auto place = [&] { return std::string(file_name) + ":" + std::to_string(number); };
    const auto line = trim(whole);
    if (only_comment(line)) continue;
    if (line.front() == '[') {
      auto name = parse_header(line);
      if (!name) return fail(std::move(name).error().in(place()));
      config.contexts.try_emplace(*name);
      table = *std::move(name);
      continue;
    }
    auto assignment = parse_assignment(line);
    if (!assignment) return fail(std::move(assignment).error().in(place()));
    if (auto done = assign(config, table, *std::move(assignment)); !done) {
      return fail(std::move(done).error().in(place()));
    }
  }
  return config;
}

std::string context_table(std::string_view name) {
  return std::string(kContexts) + (bare(name) ? std::string(name) : quote(name));
}

std::string set_config_value(std::string_view text, std::string_view table, std::string_view key,
                             std::string_view value) {
  const std::string header = "[" + std::string(table) + "]";
  const std::string wanted = std::string(key) + " = " + quote(value);
  std::vector<std::string> lines;
  for (const auto line : lines_of(text)) lines.emplace_back(line);

  std::size_t start = 0;
  if (!table.empty()) {
    while (start < lines.size() && !trim(lines[start]).starts_with(header)) ++start;
    if (start == lines.size()) {
      if (!lines.empty() && !trim(lines.back()).empty()) lines.emplace_back();
      lines.push_back(header);
      start = lines.size() - 1;
    }
    ++start;
  }
  std::size_t end = start;  // past the table's last line that is not empty
  for (std::size_t i = start; i < lines.size() && !trim(lines[i]).starts_with('['); ++i) {
    const std::string_view line = lines[i];
    if (!trim(line).empty()) end = i + 1;
    if (trim(line.substr(0, line.find('='))) == key) {
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(i));
      end = i;
      break;
    }
  }
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(end), wanted);
  std::string result;
  for (const auto& line : lines) result.append(line).append("\n");
  return result;
}

Result<Tokens> parse_tokens(std::string_view text) {
  auto tables = decode_tables(text);
  if (!tables) return fail(std::move(tables).error());
  Tokens tokens;
  for (const auto& [url, values] : *tables) {
    for (const auto& [name, value] : values) {
      if (name == "token") tokens[url] = value;
    }
  }
  return tokens;
}

std::string print_tokens(const Tokens& tokens) {
  std::string out = "{";
  const char* separator = "\n  ";
  for (const auto& [url, token] : tokens) {
    out.append(separator).append(json_quote(url)).append(": {\"token\": ");
    out.append(json_quote(token)).append("}");
    separator = ",\n  ";
  }
  return out += "\n}\n";
}

Result<std::optional<std::string>> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return fail(system_error("open " + path, errno));
  }
  std::string text;
  char buffer[4096];
  while (file.read(buffer, sizeof buffer), file.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMaxConfigBytes) {
      return fail(Errc::too_large, path + " is larger than a config file can be (1 MiB)");
    }
  }
  if (file.bad()) return fail(Errc::io, "cannot read " + path);
  return text;
}

Result<void> write_private_file(const std::string& file, std::string_view text) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(file).parent_path(), error);
  if (error) return fail(system_error("create the directory of " + file, error.value()));
  // Through a symbolic link, so that a config kept elsewhere stays a link.
  const auto resolved = std::filesystem::weakly_canonical(file, error);
  const std::string path = error ? file : resolved.string();
  std::string temporary = path + ".XXXXXX";  // mkstemp makes it 0600
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return fail(system_error("create " + temporary, errno));
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool safe = text.empty() && fsync(fd) == 0;
  const int write_error = errno;
  close(fd);
  if (!safe || rename(temporary.c_str(), path.c_str()) != 0) {
    const int cause = safe ? errno : write_error;
    unlink(temporary.c_str());
    return fail(system_error("write " + path, cause));
  }
  return {};
}

}  // namespace logboom::ui::cli
