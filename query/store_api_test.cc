// The operator's routes: who may ask, one task at a time, what a backup may write, and the lines.
#include "query/store_api.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "query/test_api.h"
#include "store/backup.h"

namespace logboom::query {
namespace {

namespace fs = std::filesystem;

class Served {
 public:
  Served() {
    auto pattern = (fs::temp_directory_path() / "logboom-backups-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    directory = fs::canonical(pattern).string();
    api.store = &*store;
    api.tasks = &tasks;
    api.backup_directory = directory + "/backups";
    api.backup_keep = 2;
    api.now = [this] { return now += 1'000'000'000; };
    add_store_routes(router, api);
  }
  ~Served() { fs::remove_all(directory); }

  http::Request request(std::string_view target = "") const {
    http::Request request;
    request.peer = "127.0.0.1";
    request.headers = {{"host", "127.0.0.1:3100"}};
    request.params = http::parse_query(target);
    return request;
  }
  http::Response call(std::string_view method, const std::string& path,
                      const http::Request& request) {
    return router.match(method, path, false).route->handler(request);
  }
  // Every line of the answer.
  std::string lines(const std::string& path, std::string_view params = "") {
    auto response = call("POST", path, request(params));
    std::string all = response.body;
    if (response.stream)
      while (response.stream(all)) {
      }
    return all;
  }

  TestStore store;
  std::string directory;
  std::int64_t now = TestApi::kNow;
  LongTasks tasks;
  StoreApi api;
  http::Router router;
};

std::string last_line(const std::string& lines) {
  REQUIRE(lines.ends_with("\n"));
  const auto before = lines.rfind('\n', lines.size() - 2);
  return lines.substr(before == lines.npos ? 0 : before + 1);
}

}  // namespace

TEST_CASE("the store is looked after only from its own machine") {
  Served served;
  served.store.add({{TestApi::kNow, "line"}});
  struct Asker {
    std::string peer, host, header;
    int status;
  };
  const auto asker = GENERATE(values<Asker>({
      {"127.0.0.1", "127.0.0.1:3100", "", 200},
      {"127.0.0.1", "localhost:3100", "", 200},
      {"::1", "[::1]:3100", "", 200},
      {"::ffff:127.0.0.1", "127.0.0.1", "", 200},
      {"10.0.0.1", "127.0.0.1:3100", "", 403},
      {"2001:db8::1", "[::1]:3100", "", 403},
      {"", "127.0.0.1:3100", "", 403},
      {"127.0.0.1", "evil.example:3100", "", 403},  // a name of somebody else's DNS
      {"127.0.0.1", "127.evil.example:3100", "", 403},
      {"127.0.0.1", "127.0.0.1:3100", "origin", 403},  // a page in a browser
      {"127.0.0.1", "127.0.0.1:3100", "x-forwarded-for", 403},
      {"127.0.0.1", "127.0.0.1:3100", "via", 403},
  }));
  CAPTURE(asker.peer, asker.host, asker.header);
  auto request = served.request();
  request.peer = asker.peer;
  request.headers = {{"host", asker.host}};
  if (!asker.header.empty()) request.headers.emplace_back(asker.header, "x");
  const auto stats = served.call("GET", "/api/v1/store/stats", request);
  CHECK(stats.status == asker.status);
  CHECK((stats.body.find("\"lines\":1,") != stats.body.npos) == (asker.status == 200));
  for (const auto* const task : {"verify", "compact", "backup"}) {
    auto answer = served.call("POST", std::string("/api/v1/store/") + task, request);
    CHECK(answer.status == asker.status);
    if (asker.status != 200) CHECK(answer.body.find("logboom store") != std::string::npos);
    std::string all;
    while (answer.stream && answer.stream(all)) {
    }
  }
}

TEST_CASE("tasks are told line by line, and end with their result") {
  Served served;
  served.store.add({{TestApi::kNow, "line"}});
  CHECK(last_line(served.lines("/api/v1/store/verify"))
            .starts_with("{\"result\":{\"good\":1,\"bad\":0,"));
  CHECK(last_line(served.lines("/api/v1/store/compact")).starts_with("{\"result\":{\"sealed_"));
  const auto backup = last_line(served.lines("/api/v1/store/backup"));
  CHECK(backup.starts_with("{\"result\":{\"directory\":\"" + served.api.backup_directory));
  // The default of the server, then that of the request.
  for (int i = 0; i < 3; ++i) served.lines("/api/v1/store/backup");
  CHECK(store::backups_in(served.api.backup_directory)->size() == 2);
  served.lines("/api/v1/store/backup", "keep=0");
  CHECK(store::backups_in(served.api.backup_directory)->size() == 3);
  served.lines("/api/v1/store/backup", "keep=1");
  CHECK(store::backups_in(served.api.backup_directory)->size() == 1);
}

TEST_CASE("a failure is the last line") {
  Served served;
  served.api.backup_directory = "/proc/nowhere";
  const auto line = last_line(served.lines("/api/v1/store/backup"));
  CHECK(line.starts_with("{\"error\":{\"code\":\""));
  CHECK(line.find("/proc/nowhere") != std::string::npos);
}

TEST_CASE("a backup writes below the configured directory, and nowhere else") {
  Served served;
  const auto status = [&](const std::string& params) {
    return served.call("POST", "/api/v1/store/backup", served.request(params)).status;
  };
  CHECK(status("directory=/etc") == 403);
  CHECK(status("directory=backups") == 403);
  CHECK(status("directory=" + served.api.backup_directory + "2") == 403);
  CHECK(status("directory=" + served.api.backup_directory + "/../x") == 403);
  CHECK(status("keep=many") == 400);
  fs::create_directories(served.api.backup_directory);
  fs::create_directory_symlink("/etc", served.api.backup_directory + "/link");
  CHECK(status("directory=" + served.api.backup_directory + "/link") == 403);
  const auto below = served.api.backup_directory + "/a/b";
  const auto lines = served.lines("/api/v1/store/backup", "directory=" + below);
  CHECK(last_line(lines).find(below + "/backup-") != std::string::npos);
  served.api.backup_directory.clear();
  const auto none = served.call("POST", "/api/v1/store/backup", served.request());
  CHECK(none.status == 400);
  CHECK(none.body.find("--backup-dir") != std::string::npos);
}

TEST_CASE("one long task at a time, also beside those of the server itself") {
  Served served;
  {
    const auto right = served.tasks.begin("backup");
    REQUIRE(right);
    const auto refused = served.call("POST", "/api/v1/store/verify", served.request());
    CHECK(refused.status == 409);
    CHECK(refused.body.find("backup") != std::string::npos);
    CHECK(served.call("GET", "/api/v1/store/stats", served.request()).status == 200);
  }
  CHECK(last_line(served.lines("/api/v1/store/verify")).starts_with("{\"result\""));
  CHECK(served.tasks.begin("verify"));
}

TEST_CASE("when the client has gone the task is stopped, and another may begin") {
  LongTasks tasks;
  std::stop_source client;
  std::mutex mutex;
  std::condition_variable_any wake;
  bool stopped = false;
  {
    LongTask task(
        [&](const store::Progress& progress, const std::stop_token& stop) -> Result<std::string> {
          progress({1, 2, "bytes", "waiting"});
          std::unique_lock lock(mutex);
          wake.wait(lock, stop, [] { return false; });
          stopped = true;
          return fail(Errc::cancelled, "stopped");
        },
        *tasks.begin("verify"));
    client.request_stop();
    std::string part;
    CHECK_FALSE(task.next(part, client.get_token()));
  }
  CHECK(stopped);
  CHECK(tasks.begin("verify"));
}

TEST_CASE("over a socket the lines come as they are made") {
  Served served;
  served.store.add({{TestApi::kNow, "line"}});
  WorkerPool workers{2};
  http::Router router = served.router;
  const auto server = http::Server::listen({}, std::move(router), workers);
  REQUIRE(server);
  http::ClientOptions options;
  options.url = "http://127.0.0.1:" + std::to_string((*server)->port());
  const auto client = http::Client::create(options);
  REQUIRE(client);
  std::string lines;
  const auto take = [&](std::string_view part) {
    lines += part;
    return true;
  };
  const auto answer = (*client)->post_stream("/api/v1/store/verify", "", {}, take);
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body.empty());
  CHECK(last_line(lines).starts_with("{\"result\""));
  served.api.backup_directory.clear();
  const auto refused = (*client)->post_stream("/api/v1/store/backup", "", {}, take);
  REQUIRE(refused);
  CHECK(refused->status == 400);
  CHECK(refused->body.find("--backup-dir") != std::string::npos);
  const auto left = (*client)->post_stream("/api/v1/store/verify", "", {},
                                           [](std::string_view) { return false; });
  REQUIRE_FALSE(left);
  CHECK(left.error().code == Errc::cancelled);
  (*server)->stop();
}

}  // namespace logboom::query
