#include "core/run_event.h"

#include <catch2/catch.hpp>

using namespace logboom;

namespace {

RunEvent full() {
  RunEvent event;
  event.kind = RunEvent::Kind::end;
  event.time_ns = 1'700'000'000'000'000'000;
  event.run = "0123456789ab";
  event.job = "daily report";
  event.trigger = "cron";
  event.exit_code = 0;
  event.oom_kills = 2;
  event.reason = "Completed";
  event.memory_bytes = 1 << 20;
  event.sources = {{"run-x/1", 123}, {"node/2@odd", 0}};
  return event;
}

}  // namespace

TEST_CASE("a run event comes back from its record as it was") {
  Arena arena;
  const auto record = to_record(full(), arena);
  REQUIRE(is_event(record));
  const auto back = event_of(record);
  REQUIRE(back);
  CHECK(*back == full());
  CHECK_FALSE(is_event(Record{.body = "a line"}));
}

TEST_CASE("a run event that is wrong is refused with the field's name") {
  auto [name, value, part] = GENERATE(table<std::string, std::string, std::string>({
      {"exit_code", "one", "exit_code"},
      {"logboom.event", "begin", "begin"},
      {"run", "a b", "run id"},
      {"sources", "x", "sources"},
      {"job", std::string(kMaxJob + 1, 'j'), "job"},
  }));
  auto pairs = fields(full());
  pairs.emplace_back(name, value);
  const auto parsed = parse_run_event(1, pairs);
  CAPTURE(name);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message.find(part) != std::string::npos);
}

TEST_CASE("a field of a newer sender is ignored") {
  auto pairs = fields(full());
  pairs.emplace_back("colour", "blue");
  CHECK(parse_run_event(full().time_ns, pairs) == full());
}

TEST_CASE("run ids are valid, and a named run always has the same") {
  CHECK(valid_run_id(new_run_id()));
  CHECK(new_run_id() != new_run_id());
  CHECK(run_id_of("pod/uid/0") == run_id_of("pod/uid/0"));
  CHECK(run_id_of("pod/uid/0") != run_id_of("pod/uid/1"));
  CHECK_FALSE(valid_run_id("../x"));
}

TEST_CASE("a job is named by its comment, or by what its command runs") {
  auto [command, job] = GENERATE(table<std::string, std::string>({
      {"/srv/bin/backup.sh --all", "backup"},
      {"cd /srv && python3 -u bin/daily_report.py -v >> out.log 2>&1", "daily_report"},
      {"python3 -m reports.daily", "reports.daily"},
      {"FOO=1 /usr/bin/env BAR=2 ruby sweep.rb", "sweep"},
      {"timeout 30m nice -n 10 ./tidy", "tidy"},
      {"flock -n /tmp/x.lock /srv/poll.sh", "poll"},
      {"/bin/sh -c 'echo hello'", "echo"},
      {"sudo -u www-data php /srv/x.php", "x"},
      {"timeout -s KILL 60 ./a.sh", "a"},
      {"timeout 30m ssh host uptime", "ssh"},
      {"python3 -W ignore x.py", "x"},
      {"env -u FOO ./y", "y"},
      {"su - bot -c './run.sh --fast'", "run"},
      {"bash -lc 'cd /srv && ./z.sh'", "z"},
      {"for i in 1 2; do ./each.sh $i; done", "each"},
      {"if [ -f /srv/on ]; then /srv/go.py; fi", "go"},
      {"java -cp lib/a.jar:lib/b.jar org.x.Main", "org.x.Main"},
      {"nice -n 19 ionice -c 3 rsync -a /a /b", "rsync"},
      {"flock -w 10 /run/l -c 'sweep --all'", "sweep"},
      {"python3 -c 'print(1)'", "python"},
      {"sleep 5", "sleep"},
      {"cd /srv", "cd"},
      {"true #job: nightly", "nightly"},
      {"./x.sh  #job:a/b c", "a-b"},
      {"[ -x /usr/bin/foo ] && /usr/bin/foo run", "foo"},
      {"", "command"},
  }));
  CAPTURE(command);
  CHECK(job_of_command(command) == job);
}
