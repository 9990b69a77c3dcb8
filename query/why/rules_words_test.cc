// What programs write when they know what went wrong, in many hands' words.
#include <catch2/catch.hpp>
#include <string_view>

#include "query/why/rules.h"

namespace logboom::query::why {
namespace {

struct Row {
  std::string_view line, cause;
};

constexpr Row kRows[] = {
    {"cannot resolve db-replica.eqiad.example: unknown host", "external/dns"},
    {"hostname lookup for queue.svc.example failed", "external/dns"},
    {"feeds.example.org could not be looked up", "external/dns"},
    {"resolver returned NXDOMAIN for api.example.org", "external/dns"},
    {"host name 'repl1.example' is not known", "external/dns"},
    {"nobody listens on 127.0.0.1:5672", "external/connect"},
    {"database server db1:3306 unreachable", "external/connect"},
    {"connect 10.1.1.1:443: timeout after 10 s", "external/connect"},
    {"could not reach search.example.org port 9200", "external/connect"},
    {"no route to 10.4.4.4", "external/connect"},
    {"broker refused the connection (127.0.0.1:1883)", "external/connect"},
    {"gave up waiting for api.example.org after 30 seconds", "external/connect"},
    {"request to https://api.example.org/v1 timed out after 20 s", "external/connect"},
    {"upstream api.example.org:8080 is not answering", "external/connect"},
    {"socket connect failed: Connection refused", "external/connect"},
    {"lost contact: no reply from 10.0.0.9 for 30s", "external/connect"},
    {"the server hung up after 1200 bytes", "external/reset"},
    {"stream ended early: got 812 of 4096 bytes", "external/reset"},
    {"lost the connection to the queue while reading", "external/reset"},
    {"short read: the other side closed", "external/reset"},
    {"server certificate expired on 2026-11-01", "external/tls"},
    {"TLS: unknown certificate authority", "external/tls"},
    {"could not verify the certificate chain of mirror.example.org", "external/tls"},
    {"handshake failure", "external/tls"},
    {"the API key was rejected", "external/auth"},
    {"login as 'bot' refused by the server", "external/auth"},
    {"access token has expired, please log in again", "external/auth"},
    {"user s123 may not read enwiki_p.user: permission denied by server", "external/auth"},
    {"SMTP server rejected our credentials (535)", "external/auth"},
    {"HTTP 401 from https://api.example.org/me", "external/auth"},
    {"session is no longer valid", "external/auth"},
    {"OAuth consumer is not approved", "external/auth"},
    {"POST /v2/upload returned 500", "external/http_status"},
    {"https://api.example.org/list: 503", "external/http_status"},
    {"unexpected response: 504 Gateway Timeout", "external/http_status"},
    {"server error 500 while saving page", "external/http_status"},
    {"GET https://x.example/a.json failed: 404", "external/http_status"},
    {"response code was 500", "external/http_status"},
    {"download of https://x.example/a.tar.gz failed (HTTP 404)", "external/http_status"},
    {"too many requests, slow down", "external/rate_limit"},
    {"throttled by server, retry after 60 s", "external/rate_limit"},
    {"429 from https://api.example.org/search", "external/rate_limit"},
    {"ratelimited: You've exceeded your rate limit", "external/rate_limit"},
    {"rate limit hit: 0 of 60 calls left", "external/rate_limit"},
    {"relation \"daily\" does not exist", "external/database"},
    {"no such table: daily", "external/database"},
    {"duplicate key value violates unique constraint \"page_pkey\"", "external/database"},
    {"server closed the connection: too many clients already", "external/database"},
    {"the database is in recovery mode", "external/database"},
    {"query was killed by the server (max_statement_time exceeded)", "external/database"},
    {"disk is full", "resource/disk_full"},
    {"write failed, device full: /var/cache", "resource/disk_full"},
    {"not enough space left in /tmp for 2 GB", "resource/disk_full"},
    {"only 12 KB free on /data, need 40 MB", "resource/disk_full"},
    {"volume /data has no free space", "resource/disk_full"},
    {"you are over your quota on /home", "resource/quota"},
    {"EDQUOT writing /data/project/x", "resource/quota"},
    {"bucket limit of 10 GB reached", "resource/quota"},
    {"File too large", "resource/file_size"},
    {"File size limit exceeded", "resource/file_size"},
    {"out of file descriptors", "resource/fd_limit"},
    {"EMFILE: cannot open shard 812", "resource/fd_limit"},
    {"OSError: [Errno 24] Too many open files: 'a.txt'", "resource/fd_limit"},
    {"cannot create another thread", "resource/pid_limit"},
    {"process limit reached, could not start worker 12", "resource/pid_limit"},
    {"fork failed: EAGAIN", "resource/pid_limit"},
    {"memory allocation of 1073741824 bytes failed", "resource/oom_runtime"},
    {"malloc failed", "resource/oom_runtime"},
    {"not enough memory for a table of 12 GB", "resource/oom_runtime"},
    {"heap exhausted during garbage collection", "resource/oom_runtime"},
    {"time limit of 60 s exceeded", "resource/deadline"},
    {"job ran longer than 300 s, stopping", "resource/deadline"},
    {"deadline passed with 12 of 40 batches left", "resource/deadline"},
    {"maximum run time reached", "resource/deadline"},
    {"worker 3 has made no progress for 300 s", "resource/hang"},
    {"watchdog timeout: main loop is stuck", "resource/hang"},
    {"could not find config/app.yaml", "script/file_missing"},
    {"no such file: data/list.txt", "script/file_missing"},
    {"expected file dump-20261130.sql.gz, but it is not there", "script/file_missing"},
    {"directory /data/incoming does not exist", "script/file_missing"},
    {"nothing at path models/latest.bin", "script/file_missing"},
    {"ENOENT: models/latest.bin", "script/file_missing"},
    {"cannot read /etc/app/secret.key (permission denied)", "script/permission"},
    {"EACCES: /srv/out", "script/permission"},
    {"no permission to open logs/app.log", "script/permission"},
    {"Operation not permitted: chown /srv/x", "script/permission"},
    {"/srv/x is on a read-only file system", "script/permission"},
    {"ffmpeg not found, please install it", "script/command_not_found"},
    {"executable gs is not installed", "script/command_not_found"},
    {"rsync: command not found", "script/command_not_found"},
    {"unknown option --frobnicate", "script/bad_args"},
    {"missing argument for --since", "script/bad_args"},
    {"you must give either --all or --page", "script/bad_args"},
    {"too many arguments", "script/bad_args"},
    {"unrecognized command 'imprt'", "script/bad_args"},
    {"expected 2 arguments, got 1", "script/bad_args"},
    {"deploy.sh: 12: Syntax error: \"fi\" unexpected", "script/syntax"},
    {"unexpected token 'done' in nightly.sh", "script/syntax"},
    {"please set DATABASE_URL", "platform/env"},
    {"$HOME is not set", "platform/env"},
    {"locale C.UTF-9 is not available", "platform/env"},
    {"the timezone Europe/Berlinn is unknown", "platform/env"},
    {"module yaml is required but not installed", "dependency/module_missing"},
    {"could not import lxml.etree", "dependency/module_missing"},
    {"plugin 'geo' could not be loaded: not found", "dependency/module_missing"},
    {"missing dependency: imagemagick-perl", "dependency/module_missing"},
    {"cannot load shared library libgdal.so.32", "dependency/library_missing"},
    {"need schema version 12, found 11", "dependency/version_conflict"},
    {"incompatible versions: client 2.1, server 3.0", "dependency/version_conflict"},
    {"lxml 4.9 is too old, at least 5.0 is needed", "dependency/version_conflict"},
    {"assertion failed: n > 0", "code/assertion"},
    {"internal error: counter went negative", "code/assertion"},
    {"invariant broken: list not sorted", "code/assertion"},
    {"checksum of result differs from expected value (consistency check)", "code/assertion"},
    {"child process crashed (signal 11)", "code/crash_signal"},
    {"renderer terminated abnormally: segmentation fault", "code/crash_signal"},
    {"subprocess returned -11", "code/crash_signal"},
    {"unhandled exception: IndexError: list index out of range", "code/exception"},
    {"fatal: nil pointer dereference", "code/exception"},
    {"internal error: division by zero", "code/exception"},
    {"line 812: expected a number, found 'n/a'", "data/input_format"},
    {"malformed record in orders.jsonl at line 7", "data/input_format"},
    {"bad header: not a PNG file", "data/input_format"},
    {"feed.xml is not well-formed: mismatched tag at line 3", "data/input_format"},
    {"unexpected end of input in page.json", "data/input_format"},
    {"checksum mismatch in part 3", "data/input_format"},
    {"archive dump.tar.gz is corrupt", "data/input_format"},
    {"unknown encoding in mail 12: x-foo", "data/input_format"},
    {"feed delivered no entries", "data/empty_input"},
    {"input orders.csv is empty (0 bytes)", "data/empty_input"},
    {"query returned no rows, a report needs at least one", "data/empty_input"},
    {"got an empty response body", "data/empty_input"},
    {"database is locked", "data/lock_conflict"},
    {"lock file /tmp/x.lock exists, owned by pid 812", "data/lock_conflict"},
    {"could not get exclusive lock on state.db within 5 s", "data/lock_conflict"},
    {"table is locked by another session", "data/lock_conflict"},
    {"edit conflict on page Foo", "data/lock_conflict"},
    {"previous run still active, leaving", "control/overlap_skipped"},
    {"received SIGINT, cleaning up", "control/cancelled"},
    {"stopped by operator", "control/cancelled"},
    {"step 'extract' failed, not running 'load'", "control/upstream_failed"},
    {"upstream dataset pages_daily was not produced", "control/upstream_failed"},
    {"waiting for _SUCCESS of pages_daily: previous job failed", "control/upstream_failed"},
};

struct Slotted {
  std::string_view line, name, value;
};

constexpr Slotted kSlots[] = {
    {"nobody listens on queue:5672", "host", "queue"},
    {"nobody listens on queue:5672", "port", "5672"},
    {"no answer from search.example.org:9200 within 30s", "host", "search.example.org"},
    {"could not find config/app.yaml", "file", "config/app.yaml"},
    {"helper 'pandoc' is missing from PATH", "command", "pandoc"},
    {"--since must be before --until", "option", "--since"},
    {"please set DATABASE_URL", "variable", "DATABASE_URL"},
    {"could not import lxml.etree", "module", "lxml.etree"},
    {"libxml2.so.2 not found", "library", "libxml2.so.2"},
    {"step 'extract' failed, not running 'load'", "job", "extract"},
    {"GET https://x.example/a.json failed: 404", "status", "404"},
};

}  // namespace

TEST_CASE("programs' own words name a cause") {
  for (const auto& row : kRows) {
    CAPTURE(row.line);
    const auto meanings = meanings_of(row.line);
    REQUIRE_FALSE(meanings.causes.empty());
    CHECK(meanings.causes.front().cause == row.cause);
  }
  for (const auto& row : kSlots) {
    CAPTURE(row.line, row.name);
    const auto meanings = meanings_of(row.line);
    REQUIRE_FALSE(meanings.causes.empty());
    CHECK(slot(meanings.causes.front().slots, row.name) == row.value);
  }
}

TEST_CASE("an answer's status says more than that it was one") {
  CHECK(meanings_of("POST /v2/upload returned 500").causes.front().cause == "external/http_status");
  CHECK(meanings_of("POST /v2/upload returned 403").causes.front().cause == "external/auth");
  CHECK(meanings_of("POST /v2/upload returned 429").causes.front().cause == "external/rate_limit");
  CHECK(meanings_of("POST /v2/upload returned 507").causes.front().cause == "resource/quota");
}

}  // namespace logboom::query::why
