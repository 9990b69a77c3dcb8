#include "collector/pod_logs.h"

#include <algorithm>
#include <array>

#include "core/run_event.h"

namespace logboom::collector {
namespace {

constexpr std::string_view kRandomAlphabet = "bcdfghjklmnpqrstvwxz2456789";
// A template's hash is a decimal number written in that alphabet: only these letters come up. Old
// clusters wrote the decimal digits themselves.
constexpr std::string_view kHashAlphabet = "bcdf456789";
constexpr std::string_view kDigits = "0123456789";

bool made_of(std::string_view text, std::string_view alphabet, std::size_t least,
             std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         text.find_first_not_of(alphabet) == std::string_view::npos;
}

// "a-b-c" -> "c", or "" when nothing would be left before it.
std::string_view last_part(std::string_view name) {
  const auto dash = name.rfind('-');
  return dash == std::string_view::npos || dash == 0 ? std::string_view{} : name.substr(dash + 1);
}

void drop_last_part(std::string_view& name) { name = name.substr(0, name.rfind('-')); }

}  // namespace

PodPath parse_pod_path(std::string_view path) {
  std::array<std::string_view, 3> parts;  // file, container, pod folder
  for (auto& part : parts) {
    const auto slash = path.rfind('/');
    part = slash == std::string_view::npos ? path : path.substr(slash + 1);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
  }
  PodPath found;
  found.container = parts[1];
  // Neither a namespace nor a pod's name can hold '_'. The uid has none either.
  const auto folder = parts[2];
  const auto first = folder.find('_');
  const auto last = folder.rfind('_');
  if (first == std::string_view::npos || first == last || first == 0) {
    found.pod = folder;
    return found;
  }
  found.name_space = folder.substr(0, first);
  found.pod = folder.substr(first + 1, last - first - 1);
  found.uid = folder.substr(last + 1);
  return found;
}

std::string job_of_pod(std::string_view pod) {
  std::string_view job = pod;
  if (made_of(last_part(job), kRandomAlphabet, 5, 5)) {
    drop_last_part(job);  // every controller but StatefulSet adds it
    const auto next = last_part(job);
    // A Deployment's template hash, or a CronJob's time (minutes, in old clusters seconds).
    if (made_of(next, kHashAlphabet, 6, 10) || made_of(next, kDigits, 8, 10)) drop_last_part(job);
  } else if (made_of(last_part(job), kDigits, 1, 4)) {
    drop_last_part(job);  // a StatefulSet's ordinal
  }
  return std::string(job);
}

std::string tool_of_namespace(std::string_view name_space, std::string_view fallback) {
  constexpr std::string_view kPrefix = "tool-";
  if (name_space.starts_with(kPrefix)) {
    const auto tool = name_space.substr(kPrefix.size());
    if (check_tool_name(tool)) return std::string(tool);
  }
  return std::string(fallback);
}

bool is_pod_log(std::string_view file_name) {
  const auto dot = file_name.find(".log");
  if (dot == std::string_view::npos || dot == 0) return false;
  const auto rest = file_name.substr(dot + 4);
  return (rest.empty() || rest.front() == '.') && !rest.ends_with(".tmp");
}

std::string run_id_of_instance(const std::string& path) {
  const auto name = std::string_view(path).substr(path.rfind('/') + 1);
  const auto number = name.substr(0, name.find_first_not_of(kDigits));
  if (number.empty() || !name.substr(number.size()).starts_with(".log")) return {};
  const auto pod = parse_pod_path(path);
  const auto& uid = pod.uid.empty() ? pod.pod : pod.uid;
  return run_id_of(uid + "/" + pod.container + "/" + std::string(number));
}

Origin pod_origin(const std::string& path, const std::string& node,
                  const std::string& fallback_tool) {
  const auto from = parse_pod_path(path);
  Origin origin;
  origin.format = Format::container;
  origin.tool = tool_of_namespace(from.name_space, fallback_tool);
  for (const char* stream : {"stdout", "stderr"}) {
    origin.streams.emplace_back(std::vector<Labels::Pair>{{"namespace", from.name_space},
                                                          {"job", job_of_pod(from.pod)},
                                                          {"container", from.container},
                                                          {"stream", stream}});
  }
  origin.columns = {{"pod", from.pod}, {"node", node}, {"filename", path}};
  if (auto run = run_id_of_instance(path); !run.empty()) {
    origin.columns.emplace_back("run", std::move(run));
  }
  return origin;
}

}  // namespace logboom::collector
