// What the path of a pod's log says: /var/log/pods/<namespace>_<pod>_<uid>/<container>/N.log
//
// Source: kubelet's layout; the random suffixes of pod names are Kubernetes' (vowels and confusable
// characters left out, so that no words come about).
// Errors:  none: a path of another shape falls back to its folder names.
#pragma once

#include <string>
#include <string_view>

#include "collector/origin.h"

namespace logboom::collector {

struct PodPath {
  std::string name_space, pod, uid, container;
};

// Reads the last three parts of the path.
[[nodiscard]] PodPath parse_pod_path(std::string_view path);
// The workload's name without what its controller added: web-6d4cf56db6-x7k2p -> web.
[[nodiscard]] std::string job_of_pod(std::string_view pod);
// tool-<name> -> <name>; any other namespace, also one that makes no valid tool -> `fallback`.
[[nodiscard]] std::string tool_of_namespace(std::string_view name_space, std::string_view fallback);
// N.log and its rotated names (N.log.20260131-120000); not kubelet's unfinished .tmp files.
[[nodiscard]] bool is_pod_log(std::string_view file_name);

// The run an instance of a container is, from its log's path: a hash of uid, container and N, the
// same for N.log and its rotated files; "" where the file's name has no number.
[[nodiscard]] std::string run_id_of_instance(const std::string& path);

[[nodiscard]] Origin pod_origin(const std::string& path, const std::string& node,
                                const std::string& fallback_tool);

}  // namespace logboom::collector
