#include "query/test_api.h"

#include <catch2/catch.hpp>
#include <utility>

namespace logboom::query {

TestApi::TestApi(Limits limits, std::size_t max_tails) {
  api.store = &*store;
  api.intake = intake.get();
  api.redactor = &redactor;
  api.workers = &workers;
  api.version = "1.2.3";
  api.limits = limits;
  api.max_tails = max_tails;
  api.now = [] { return kNow; };
  add_routes(router, api);
}

http::Response TestApi::call(std::string_view method, std::string_view target, std::string body,
                             http::Pairs headers) {
  http::Request request;
  const auto question = std::min(target.find('?'), target.size());
  request.method = method;
  request.path = http::percent_decode(target.substr(0, question), false);
  if (question < target.size()) request.params = http::parse_query(target.substr(question + 1));
  request.body = std::move(body);
  request.headers = std::move(headers);
  auto match = router.match(method, request.path, false);
  if (match.route == nullptr) return http::text(404, "no route");
  request.path_params = std::move(match.path_params);
  return match.route->handler(request);
}

http::Response TestApi::push(std::string body, http::Pairs headers) {
  headers.emplace_back("content-type", "application/json");
  return call("POST", "/loki/api/v1/push", std::move(body), std::move(headers));
}

std::unique_ptr<http::Server> TestApi::serve() {
  http::Router copy = router;
  auto server = http::Server::listen({}, std::move(copy), workers);
  if (!server) FAIL(server.error().message);
  return *std::move(server);
}

std::string without_stats(const std::string& body) {
  const auto at = body.find(",\"stats\":");
  REQUIRE(at != std::string::npos);
  return body.substr(0, at) + "}}";
}

}  // namespace logboom::query
