#include "query/store_api.h"

#include <charconv>
#include <filesystem>
#include <utility>

#include "core/time.h"
#include "store/backup.h"
#include "store/compact.h"
#include "store/overview.h"
#include "store/verify.h"

namespace logboom::query {
namespace {

constexpr std::size_t kMaxKeep = 10'000;

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

// Without the port. A name that somebody else's DNS may point here is none of these.
bool names_loopback(std::string_view host) {
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  return host == "localhost" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

Result<void> check_asker(const http::Request& request) {
  const bool handed_on = !request.header("x-forwarded-for").empty() ||
                         !request.header("forwarded").empty() || !request.header("via").empty() ||
                         !request.header("x-real-ip").empty();
  if (is_loopback(request.peer) && names_loopback(request.header("host")) && !handed_on &&
      request.header("origin").empty())
    return {};
  return fail(Errc::denied,
              "the store is looked after only from the server's own machine and not through a "
              "proxy or a browser: run `logboom store` there");
}

Result<std::size_t> keep_of(const http::Request& request, std::size_t otherwise) {
  const auto text = request.param("keep");
  if (!text) return otherwise;
  std::size_t keep = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), keep);
  if (error == std::errc() && end == text->data() + text->size() && keep <= kMaxKeep) return keep;
  return fail(Errc::invalid, "keep=" + std::string(*text) +
                                 ": write how many backups stay, at most " +
                                 std::to_string(kMaxKeep) + ", or 0 for all");
}

// Where the backup goes: the configured directory, or one below it.
Result<std::string> place_of(const http::Request& request, const StoreApi& api) {
  if (api.backup_directory.empty())
    return fail(Errc::invalid,
                "the server has no directory for backups: start it with --backup-dir DIR "
                "(backup.dir in its config)");
  const auto asked = request.param("directory").value_or("");
  if (asked.empty()) return api.backup_directory;
  std::error_code ignored;
  const auto allowed = std::filesystem::weakly_canonical(api.backup_directory, ignored).string();
  const auto wanted = std::filesystem::weakly_canonical(std::string(asked), ignored).string();
  if (!asked.starts_with('/') || !(wanted + "/").starts_with(allowed + "/"))
    return fail(Errc::denied, "the server writes backups only below its --backup-dir, " + allowed +
                                  ": name a directory there, or none");
  return wanted;
}

http::Response begin(const StoreApi& api, const http::Request& request, std::string_view what,
                     LongTask::Work work) {
  auto right = api.tasks->begin(what);
  if (!right) return http::failed(right.error());
  return streamed(std::make_shared<LongTask>(std::move(work), *std::move(right)),
                  request.cancelled);
}

template <class Report>
Result<std::string> as_json(const Result<Report>& report) {
  if (!report) return fail(report.error());
  return json(*report);
}

http::Response back_up(const StoreApi& api, const http::Request& request) {
  const auto place = place_of(request, api);
  if (!place) return http::failed(place.error());
  const auto keep = keep_of(request, api.backup_keep);
  if (!keep) return http::failed(keep.error());
  const auto now = api.now ? api.now() : now_ns();
  return begin(api, request, "backup",
               [store = api.store, place = *place, keep = *keep, now](
                   const store::Progress& progress, const std::stop_token& stop) {
                 return as_json(store::back_up_into(*store, place, keep, now, progress, stop));
               });
}

}  // namespace

void add_store_routes(http::Router& router, const StoreApi& api) {
  const auto add = [&](std::string_view method, std::string_view path, auto answer) {
    router.add(method, path, [&api, answer](const http::Request& request) {
      if (auto allowed = check_asker(request); !allowed) return http::failed(allowed.error());
      return answer(api, request);
    });
  };
  add("GET", "/api/v1/store/stats", [](const StoreApi& on, const http::Request&) {
    return http::json(json(on.store->overview()));
  });
  add("POST", "/api/v1/store/verify", [](const StoreApi& on, const http::Request& request) {
    return begin(on, request, "verify",
                 [store = on.store](const store::Progress& progress, const std::stop_token& stop) {
                   return as_json(store->verify(progress, stop));
                 });
  });
  add("POST", "/api/v1/store/compact", [](const StoreApi& on, const http::Request& request) {
    return begin(on, request, "compact",
                 [store = on.store](const store::Progress& progress, const std::stop_token& stop) {
                   return as_json(store->compact(progress, stop));
                 });
  });
  add("POST", "/api/v1/store/backup", &back_up);
}

}  // namespace logboom::query
