#include "collector/discovery.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string_view>

namespace logboom::collector {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return parts;
}

bool wild(const std::string& part) { return part.find_first_of("*?[") != std::string::npos; }

bool fits(const std::string& pattern, const std::string& name) {
  return wild(pattern) ? ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0
                       : pattern == name;
}

// The wanted name that `name` was rotated from (app.log for app.log.1 or app.log-20260131), or "".
std::string original_of(const std::string& pattern, const std::string& name) {
  for (auto at = name.find_last_of(".-"); at != std::string::npos && at > 0;
       at = name.find_last_of(".-", at - 1)) {
    auto original = name.substr(0, at);
    if (fits(pattern, original)) return original;
  }
  return {};
}

std::string join(const std::string& directory, const std::string& name) {
  return (directory == "/" ? "" : directory) + "/" + name;
}

std::string path_of(const std::vector<std::string>& parts, std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < count; ++i) path += "/" + parts[i];
  return path.empty() ? "/" : path;
}

}  // namespace

Discovery::Discovery(std::vector<std::string> patterns) {
  for (const auto& text : patterns) {
    Pattern pattern{split(text), 0};
    while (pattern.literal + 1 < pattern.parts.size() && !wild(pattern.parts[pattern.literal])) {
      ++pattern.literal;
    }
    patterns_.push_back(std::move(pattern));
  }
}

std::string Discovery::base(std::size_t rule) const {
  return path_of(patterns_[rule].parts, patterns_[rule].literal);
}

void Discovery::walk(const Visitor& visitor) const {
  for (std::size_t rule = 0; rule < patterns_.size(); ++rule) {
    const auto& pattern = patterns_[rule];
    struct stat status{};
    // A base that is not there yet is waited for in its nearest parent.
    auto depth = pattern.literal;
    auto path = base(rule);
    while (depth > 0 && ::stat(path.c_str(), &status) != 0) {
      if (errno != ENOENT) visitor.trouble(path, errno);
      path = path_of(pattern.parts, --depth);
    }
    expand(rule, path, depth, visitor);
  }
}

void Discovery::walk_from(const std::string& path, const Visitor& visitor) const {
  const auto parts = split(path);
  for (std::size_t rule = 0; rule < patterns_.size(); ++rule) {
    const auto& pattern = patterns_[rule].parts;
    std::size_t i = 0;
    while (i < parts.size() && i < pattern.size() && fits(pattern[i], parts[i])) ++i;
    if (i == parts.size() && i > 0) visit(rule, path, i - 1, visitor);
  }
}

std::optional<std::size_t> Discovery::match(const std::string& path) const {
  const auto parts = split(path);
  for (std::size_t rule = 0; rule < patterns_.size(); ++rule) {
    const auto& pattern = patterns_[rule].parts;
    if (parts.size() != pattern.size()) continue;
    std::size_t i = 0;
    while (i < parts.size() && fits(pattern[i], parts[i])) ++i;
    if (i == parts.size()) return rule;
  }
  return std::nullopt;
}

// `directory` is there; the pattern's part number `part` is looked for in it.
void Discovery::expand(std::size_t rule, const std::string& directory, std::size_t part,
                       const Visitor& visitor) const {
  const auto& pattern = patterns_[rule].parts;
  if (part >= pattern.size()) return;
  visitor.directory(directory);
  const bool last = part + 1 == pattern.size();
  if (!wild(pattern[part])) {
    visit(rule, join(directory, pattern[part]), part, visitor);
    if (!last || !visitor.rotated) return;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> names(::opendir(directory.c_str()), &::closedir);
  if (!names) {
    if (errno != ENOENT) visitor.trouble(directory, errno);
    return;
  }
  std::size_t count = 0;
  while (const auto* entry = ::readdir(names.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (++count > kMaxEntries) {
      visitor.trouble(directory, E2BIG);
      return;
    }
    if (!fits(pattern[part], name)) {
      const auto original = last && visitor.rotated ? original_of(pattern[part], name) : "";
      if (!original.empty())
        visitor.rotated(join(directory, name), rule, join(directory, original));
    } else if (wild(pattern[part]) && (last || entry->d_type != DT_REG)) {
      visit(rule, join(directory, name), part, visitor);
    }
  }
}

// `path` fits the pattern up to and with its part number `part`.
void Discovery::visit(std::size_t rule, const std::string& path, std::size_t part,
                      const Visitor& visitor) const {
  if (part + 1 == patterns_[rule].parts.size()) {
    visitor.file(path, rule);
    return;
  }
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) visitor.trouble(path, errno);
  } else if (S_ISDIR(status.st_mode)) {
    expand(rule, path, part + 1, visitor);
  }
}

}  // namespace logboom::collector
