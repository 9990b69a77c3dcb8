// The endpoints over a store of their own, for tests: called without a socket, or served on a free
// port.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/http/client.h"
#include "core/http/server.h"
#include "query/api.h"
#include "query/direct_intake.h"
#include "query/test_store.h"

namespace logboom::query {

class TestApi {
 public:
  static constexpr std::int64_t kNow = 1'700'000'000'000'000'000;

  explicit TestApi(Limits limits = {}, std::size_t max_tails = 100);

  TestStore store;
  WorkerPool workers{4};
  Redactor redactor;
  std::unique_ptr<Intake> intake = direct_intake(*store);
  Api api;
  http::Router router;

  // `target` is a path with its query. 404 where there is no route.
  http::Response call(std::string_view method, std::string_view target, std::string body = {},
                      http::Pairs headers = {});
  http::Response get(std::string_view target) { return call("GET", target); }
  http::Response push(std::string body, http::Pairs headers = {});

  std::unique_ptr<http::Server> serve();
};

// The answer of query_range without its stats, which differ from run to run.
[[nodiscard]] std::string without_stats(const std::string& body);

}  // namespace logboom::query
