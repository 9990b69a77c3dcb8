#include "ui/cli/frames.h"

#include <algorithm>
#include <array>

namespace logboom::ui::cli {
namespace {

constexpr std::size_t kLeastFold = 3;  // two lines are read as fast as "2 lines"

std::size_t indent(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

bool has_any(std::string_view line, auto... parts) { return (line.contains(parts) || ...); }

// Packages of runtimes and frameworks, as they stand after "at ".
bool library_package(std::string_view name) {
  static constexpr auto kPackages = std::to_array<std::string_view>({"java.",
                                                                     "javax.",
                                                                     "jdk.",
                                                                     "sun.",
                                                                     "com.sun.",
                                                                     "jakarta.",
                                                                     "kotlin.",
                                                                     "kotlinx.",
                                                                     "scala.",
                                                                     "org.apache.",
                                                                     "org.springframework.",
                                                                     "org.hibernate.",
                                                                     "org.junit.",
                                                                     "org.eclipse.",
                                                                     "io.netty.",
                                                                     "io.vertx.",
                                                                     "com.mysql.",
                                                                     "org.postgresql.",
                                                                     "System.",
                                                                     "Microsoft."});
  return std::ranges::any_of(kPackages, [&](auto prefix) { return name.starts_with(prefix); });
}

bool is_python_frame(std::string_view text) {
  return text.starts_with("File \"") && text.contains("\", line ");
}

}  // namespace

bool is_library_frame(std::string_view line) {
  const auto text = line.substr(indent(line));
  if (is_python_frame(text)) {
    return has_any(text, "site-packages/", "dist-packages/", "/lib/python", "<frozen ");
  }
  if (text.starts_with("at ")) {
    return library_package(text.substr(3)) ||
           has_any(text, "node:", "/node_modules/", "(internal/");
  }
  if (text.starts_with("from ") || (text.starts_with('#') && text.contains('('))) {
    return has_any(text, "/lib/ruby/", "/gems/", "/vendor/", "/usr/share/php");
  }
  return text.size() < line.size() &&
         has_any(text, "/usr/local/go/src/", "/usr/lib/go", "/go/pkg/mod/", "/rustc/");
}

std::vector<Fold> fold_frames(const std::vector<NumberedLine>& lines,
                              const std::set<std::uint32_t>& keep) {
  std::vector<bool> library(lines.size(), false);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i].text;
    library[i] = is_library_frame(line);
    // What a Python frame quotes stands below it, indented deeper.
    if (!library[i] || !is_python_frame(line.substr(indent(line)))) continue;
    const auto depth = indent(line);
    while (
        i + 1 < lines.size() && indent(lines[i + 1].text) > depth &&
        !is_python_frame(std::string_view(lines[i + 1].text).substr(indent(lines[i + 1].text)))) {
      library[++i] = true;
    }
  }
  std::vector<Fold> folds;
  for (std::size_t i = 0; i < lines.size();) {
    std::size_t end = i;
    while (end < lines.size() && library[end] && !keep.contains(lines[end].number) &&
           (end == i || lines[end].number == lines[end - 1].number + 1)) {
      ++end;
    }
    if (end - i >= kLeastFold) {
      folds.push_back({i, end - i, true});
      i = end;
    } else {
      for (end = std::max(end, i + 1); i < end; ++i) folds.push_back({i, 1, false});
    }
  }
  return folds;
}

}  // namespace logboom::ui::cli
