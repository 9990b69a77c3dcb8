#include "core/options.h"

#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>

#include "core/time.h"

namespace logboom {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxDefaultInHelp = 40;

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

Result<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) {
    return fail(Errc::invalid, "'" + std::string(text) + "' is not a whole number");
  }
  return number;
}

Result<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "no" || text == "off") return false;
  return fail(Errc::invalid, "'" + std::string(text) + "' is neither true nor false");
}

std::string text_of(const OptionTable::Target& target) {
  return std::visit(Overloaded{
                        [](std::string* value) { return *value; },
                        [](bool* value) { return std::string(*value ? "true" : "false"); },
                        [](std::int64_t* value) { return std::to_string(*value); },
                        [](ByteSize* value) { return format_byte_size(*value); },
                        [](std::chrono::milliseconds* value) { return format_duration(*value); },
                        [](std::vector<std::string>* value) {
                          std::string out;
                          for (const auto& item : *value) out += (out.empty() ? "" : ",") + item;
                          return out;
                        },
                    },
                    target);
}

Result<void> check_range(const OptionTable::Row& row, std::int64_t number) {
  if (row.most <= row.least || (number >= row.least && number <= row.most)) return {};
  const bool time = std::holds_alternative<std::chrono::milliseconds*>(row.target);
  auto show = [&](std::int64_t n) {
    return time ? format_duration(std::chrono::milliseconds(n)) : std::to_string(n);
  };
  return fail(Errc::invalid, show(number) + " is out of range: between " + show(row.least) +
                                 " and " + show(row.most));
}

// Sets the target from one value; lists take one more item.
Result<void> assign(const OptionTable::Row& row, const std::string& text) {
  return std::visit(Overloaded{
                        [&](std::string* target) -> Result<void> {
                          *target = text;
                          return {};
                        },
                        [&](bool* target) -> Result<void> {
                          auto value = parse_bool(text);
                          if (!value) return fail(std::move(value).error());
                          *target = *value;
                          return {};
                        },
                        [&](std::int64_t* target) -> Result<void> {
                          auto value = parse_number(text);
                          if (!value) return fail(std::move(value).error());
                          if (auto in_range = check_range(row, *value); !in_range) return in_range;
                          *target = *value;
                          return {};
                        },
                        [&](ByteSize* target) -> Result<void> {
                          auto value = parse_byte_size(text);
                          if (!value) return fail(std::move(value).error());
                          *target = *value;
                          return {};
                        },
                        [&](std::chrono::milliseconds* target) -> Result<void> {
                          auto value = parse_duration(text);
                          if (!value) return fail(std::move(value).error());
                          const auto time =
                              std::chrono::duration_cast<std::chrono::milliseconds>(*value);
                          if (auto in_range = check_range(row, time.count()); !in_range)
                            return in_range;
                          *target = time;
                          return {};
                        },
                        [&](std::vector<std::string>* target) -> Result<void> {
                          target->push_back(text);
                          return {};
                        },
                    },
                    row.target);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  return near.empty() ? "" : "; did you mean '" + near + "'?";
}

struct Loader {
  const std::vector<OptionTable::Row>& rows;
  std::string_view file_name;
  std::size_t nodes = 0;

  [[nodiscard]] std::string place(const YAML::Node& node) const {
    return std::string(file_name) + ":" + std::to_string(node.Mark().line + 1);
  }
  [[nodiscard]] std::unexpected<Error> wrong(const YAML::Node& node, std::string text) const {
    return fail(Error{Errc::invalid, std::move(text)}.in(place(node)));
  }

  Result<void> visit(const YAML::Node& map, const std::string& prefix, int depth) {
    if (depth > kMaxDepth) return wrong(map, "nests deeper than 16");
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) return wrong(map, "a key must be a plain word");
      const std::string key = prefix + entry.first.Scalar();
      if (!seen.insert(key).second) return wrong(entry.first, "'" + key + "' stands here twice");
      if (auto done = visit_entry(entry.first, entry.second, key, depth); !done) return done;
    }
    return {};
  }

  Result<void> visit_entry(const YAML::Node& name, const YAML::Node& value, const std::string& key,
                           int depth) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.key == key; });
    if (row != rows.end()) return set(*row, value, key);
    const bool section = std::any_of(rows.begin(), rows.end(),
                                     [&](const auto& r) { return r.key.starts_with(key + "."); });
    if (section) {
      if (value.IsNull()) return {};
      if (!value.IsMap()) return wrong(value, "'" + key + "' is a section and needs keys below it");
      return visit(value, key + ".", depth + 1);
    }
    std::vector<std::string> known;
    for (const auto& r : rows) {
      if (r.key.empty()) continue;
      known.push_back(r.key);
      for (auto dot = r.key.find('.'); dot != std::string::npos; dot = r.key.find('.', dot + 1)) {
        known.push_back(r.key.substr(0, dot));
      }
    }
    return wrong(name, "unknown key '" + key + "'" + did_you_mean(key, known));
  }

  Result<void> set(const OptionTable::Row& row, const YAML::Node& value, const std::string& key) {
    auto* list = std::get_if<std::vector<std::string>*>(&row.target);
    if (list != nullptr && value.IsSequence()) {
      (*list)->clear();
      for (const auto& item : value) {
        if (!item.IsScalar()) return wrong(item, "'" + key + "' takes a list of plain values");
        (*list)->push_back(item.Scalar());
      }
      return {};
    }
    if (!value.IsScalar()) {
      return wrong(value, "'" + key + "' needs " +
                              (list != nullptr ? std::string("a value or a list of values")
                                               : "a single value (" + row.value_name + ")"));
    }
    if (list != nullptr) (*list)->clear();
    if (auto done = assign(row, value.Scalar()); !done) {
      return fail(std::move(done).error().in("'" + key + "'").in(place(value)));
    }
    return {};
  }
};

}  // namespace

Result<ByteSize> parse_byte_size(std::string_view text) {
  static constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {{"", 1},
                                                                          {"b", 1},
                                                                          {"k", 1ULL << 10},
                                                                          {"kb", 1000},
                                                                          {"kib", 1ULL << 10},
                                                                          {"m", 1ULL << 20},
                                                                          {"mb", 1'000'000},
                                                                          {"mib", 1ULL << 20},
                                                                          {"g", 1ULL << 30},
                                                                          {"gb", 1'000'000'000},
                                                                          {"gib", 1ULL << 30},
                                                                          {"t", 1ULL << 40},
                                                                          {"tb", 1'000'000'000'000},
                                                                          {"tib", 1ULL << 40}};
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  std::string unit(stop, end);
  std::erase(unit, ' ');
  for (char& c : unit) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (error == std::errc()) {
    for (const auto& [name, size] : kUnits) {
      if (unit == name && number <= (1ULL << 60) / size) return ByteSize{number * size};
    }
  }
  return fail(Errc::invalid, "'" + std::string(text.substr(0, 64)) +
                                 "' is not a size: write it as 512, 64KiB, 16MiB or 2GiB");
}

std::string format_byte_size(ByteSize size) {
  static constexpr std::string_view kNames[] = {"", "KiB", "MiB", "GiB", "TiB"};
  std::size_t step = 0;
  std::uint64_t number = size.bytes;
  while (step + 1 < std::size(kNames) && number >= 1024 && number % 1024 == 0) {
    number /= 1024;
    ++step;
  }
  return std::to_string(number) + std::string(kNames[step]);
}

OptionTable::Row& OptionTable::add(std::string key, std::string flag, Target target,
                                   std::string value_name, std::string help) {
  Row row;
  row.key = std::move(key);
  row.flag = std::move(flag);
  row.target = target;
  row.value_name = std::move(value_name);
  row.help = std::move(help);
  row.default_text = text_of(target);
  rows_.push_back(std::move(row));
  return rows_.back();
}

Result<void> OptionTable::load_file(const std::string& path) {
  struct stat facts = {};
  if (stat(path.c_str(), &facts) != 0) return fail(system_error("config " + path, errno));
  if (!S_ISREG(facts.st_mode)) return fail(Errc::invalid, "config " + path + ": is not a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(system_error("config " + path, errno));
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return load(text, path);
}

Result<void> OptionTable::load(std::string_view yaml, std::string_view file_name) {
  if (yaml.size() > kMaxFileBytes) {
    return fail(Errc::too_large, std::string(file_name) + ": is larger than 1 MiB");
  }
  // yaml-cpp recurses without a limit of its own: refuse deep nesting before it parses.
  std::ptrdiff_t depth = 0;
  std::size_t indents = 0;
  for (std::size_t i = 0; i < yaml.size(); ++i) {
    if (yaml[i] == '[' || yaml[i] == '{') ++depth;
    if ((yaml[i] == ']' || yaml[i] == '}') && depth > 0) --depth;
    const bool line_start = i == 0 || yaml[i - 1] == '\n';
    if (line_start) indents = 0;
    if (yaml[i] == '-' || yaml[i] == '?' || yaml[i] == ':') ++indents;
    if (depth > 64 || indents > 1000) {
      return fail(Errc::invalid, std::string(file_name) + ": nests too deep");
    }
  }
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (root.IsNull()) return {};
    Loader loader{rows_, file_name};
    if (!root.IsMap()) return loader.wrong(root, "needs 'key: value' lines");
    return loader.visit(root, "", 1);
  } catch (const YAML::Exception& bad) {
    return fail(Errc::invalid,
                std::string(file_name) + ":" + std::to_string(bad.mark.line + 1) + ": " + bad.msg);
  }
}

Result<OptionTable::Parsed> OptionTable::parse(const std::vector<std::string>& arguments) {
  Parsed parsed;
  std::set<const Row*> begun;  // a list's flags replace what the file said, once
  bool flags = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (flags && argument == "--") {
      flags = false;
      continue;
    }
    if (!flags || argument.size() < 2 || argument[0] != '-') {
      parsed.rest.push_back(argument);
      continue;
    }
    if (argument == "--help" || argument == "-h") {
      parsed.help = true;
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string flag = argument.substr(0, equals);
    auto find = [&](const std::string& name) {
      return std::find_if(rows_.begin(), rows_.end(),
                          [&](const Row& row) { return !row.flag.empty() && row.flag == name; });
    };
    auto row = find(flag);
    if (row == rows_.end() && flag.starts_with("--no-")) {
      row = find("--" + flag.substr(5));
      if (row != rows_.end()) {
        if (auto* target = std::get_if<bool*>(&row->target)) {
          **target = false;
          continue;
        }
        row = rows_.end();
      }
    }
    if (row == rows_.end()) {
      std::vector<std::string> known{"--help"};
      for (const Row& r : rows_) {
        if (!r.flag.empty()) known.push_back(r.flag);
      }
      return fail(Errc::invalid, "unknown flag '" + flag + "'" + did_you_mean(flag, known));
    }
    std::string value;
    if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (std::holds_alternative<bool*>(row->target)) {
      value = "true";
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return fail(Errc::invalid, flag + " needs a value: " + flag + " " + row->value_name);
    }
    if (auto* list = std::get_if<std::vector<std::string>*>(&row->target)) {
      if (begun.insert(&*row).second) (*list)->clear();
    }
    if (auto done = assign(*row, value); !done) return fail(std::move(done).error().in(flag));
  }
  return parsed;
}

std::string OptionTable::help() const {
  std::size_t width = 0;
  auto left = [](const Row& row) {
    return row.flag + (row.value_name.empty() ? "" : " " + row.value_name);
  };
  for (const Row& row : rows_) {
    if (!row.flag.empty()) width = std::max(width, left(row).size());
  }
  width = std::min<std::size_t>(width, 32);
  std::string out;
  for (const Row& row : rows_) {
    if (row.flag.empty()) continue;
    std::string line = "  " + left(row);
    line.resize(std::max(line.size() + 1, width + 4), ' ');
    std::string text = row.help;
    const bool plain_bool =
        std::holds_alternative<bool*>(row.target) && row.default_text == "false";
    if (!row.default_text.empty() && !plain_bool && row.default_text.size() <= kMaxDefaultInHelp) {
      text += " [" + row.default_text + "]";
    }
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      if (line.size() + word.size() > 99) {
        while (!line.empty() && line.back() == ' ') line.pop_back();
        out += line + "\n";
        line.assign(width + 4, ' ');
      }
      line += word + " ";
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string OptionTable::markdown() const {
  std::string out = "| key | flag | value | default | what |\n|---|---|---|---|---|\n";
  auto code = [](const std::string& text) { return text.empty() ? "" : "`" + text + "`"; };
  for (const Row& row : rows_) {
    std::string help = row.help;
    for (std::size_t at = 0; (at = help.find('|', at)) != std::string::npos; at += 2) {
      help.insert(at, "\\");
    }
    out += "| " + code(row.key) + " | " + code(row.flag) + " | " + code(row.value_name) + " | " +
           code(row.default_text) + " | " + help + " |\n";
  }
  return out;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(word.size() / 3, 1) + 1;
  if (word.size() > 200) return best;
  for (const auto& candidate : known) {
    std::vector<std::size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j <= candidate.size(); ++j) {
        const std::size_t change = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace logboom
