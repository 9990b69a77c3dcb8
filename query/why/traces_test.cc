#include "query/why/traces.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "query/why/findings.h"
#include "query/why/rules.h"

namespace logboom::query::why {
namespace {

std::vector<LogLine> lines_of(std::string_view text) {
  std::vector<LogLine> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(
        {static_cast<std::uint32_t>(lines.size() + 1), Channel::err, 0, text.substr(0, end)});
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

const Finding* trace_of(const std::vector<Finding>& findings) {
  for (const auto& finding : findings) {
    if (finding.trace && !finding.consequence) return &finding;
  }
  return nullptr;
}

struct Row {
  std::string_view name, text;
  std::uint32_t first, last, root;  // from 1
  std::string_view cause, exception, frame;
};

constexpr Row kRows[] = {
    {"python", R"(started
Traceback (most recent call last):
  File "/srv/job/main.py", line 9, in <module>
    main()
  File "/srv/job/main.py", line 5, in main
    rates[code]
    ~~~~~^^^^^^
  File "/usr/lib/python3.11/collections/__init__.py", line 1, in __getitem__
    raise KeyError(key)
KeyError: 'EUR'
left)",
     2, 10, 10, "code/exception", "KeyError", "main.py:main"},
    {"python behind a logger's prefix", R"(ERROR worker[17]: Traceback (most recent call last):
ERROR worker[17]:   File "/srv/a.py", line 1, in go
ERROR worker[17]:     1/0
ERROR worker[17]: ZeroDivisionError: division by zero
ERROR worker[17]: next item)",
     1, 4, 4, "code/exception", "ZeroDivisionError", "a.py:go"},
    {"python raised from another", R"(Traceback (most recent call last):
  File "/srv/a.py", line 1, in price
    o["currency"]
KeyError: 'currency'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/b.py", line 2, in main
    raise PriceError("no price") from e
a.PriceError: no price)",
     1, 11, 4, "code/exception", "KeyError", "a.py:price"},
    {"python while another was handled", R"(Traceback (most recent call last):
  File "/usr/lib/python3.11/socket.py", line 1, in connect
    sock.connect(sa)
ConnectionRefusedError: [Errno 111] Connection refused

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/a.py", line 3, in fetch
    raise SyncError("gave up")
SyncError: gave up)",
     1, 11, 4, "external/connect", "ConnectionRefusedError", "socket.py:connect"},
    {"python group", R"(  + Exception Group Traceback (most recent call last):
  |   File "/srv/a.py", line 1, in <module>
  |     asyncio.run(main())
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/a.py", line 8, in part
    |     int("x")
    | ValueError: no number here
    +------------------------------------)",
     1, 10, 9, "code/exception", "ValueError", "a.py:part"},
    {"python that cannot be compiled", R"(  File "/srv/a.py", line 3
    print("x"
         ^
SyntaxError: '(' was never closed
bye)",
     1, 4, 4, "script/syntax", "SyntaxError", "a.py"},
    {"python whose subprocess is missing", R"(Traceback (most recent call last):
  File "/srv/a.py", line 1, in convert
    subprocess.run(["convertt"])
  File "/usr/lib/python3.11/subprocess.py", line 9, in _execute_child
    raise child_exception_type(errno_num, err_msg, err_filename)
FileNotFoundError: [Errno 2] No such file or directory: 'convertt')",
     1, 6, 6, "script/command_not_found", "FileNotFoundError", "a.py:convert"},
    {"python without an environment variable", R"(Traceback (most recent call last):
  File "/srv/a.py", line 1, in <module>
    token = os.environ["API_TOKEN"]
  File "<frozen os>", line 685, in __getitem__
KeyError: 'API_TOKEN')",
     1, 5, 5, "platform/env", "KeyError", "a.py:<module>"},
    {"java with causes", R"(12:00:01 ERROR batch failed
Exception in thread "main" java.lang.IllegalStateException: stopped
	at shop.Batch.run(Batch.java:30)
	at shop.Batch.main(Batch.java:9)
Caused by: java.sql.SQLException: Communications link failure
	at com.mysql.Driver.connect(Driver.java:7)
	... 2 more
Caused by: java.net.ConnectException: Connection refused (Connection refused)
	at java.base/java.net.Socket.connect(Socket.java:1)
	at shop.Db.open(Db.java:12)
	... 3 more
after)",
     2, 11, 8, "external/connect", "java.net.ConnectException", "shop.Db.open"},
    {"java with a message of two lines", R"(java.lang.IllegalArgumentException: bad template
  near "x"
	at shop.Page.render(Page.java:3)
done)",
     1, 3, 1, "code/exception", "java.lang.IllegalArgumentException", "shop.Page.render"},
    {"node with its code frame", R"(ready
/srv/sync.js:19
  const who = badge.owner.login;
                          ^

TypeError: Cannot read properties of undefined (reading 'login')
    at award (/srv/sync.js:19:27)
    at async main (/srv/sync.js:33:33)

Node.js v20.20.2)",
     2, 10, 6, "code/exception", "TypeError", "award"},
    {"node with properties", R"(Error: connect ECONNREFUSED 10.0.0.5:5432
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1495:16)
    at connect (/srv/db.js:3:1) {
  errno: -111,
  code: 'ECONNREFUSED',
  address: '10.0.0.5',
  port: 5432
}

Node.js v20.20.2)",
     1, 10, 1, "external/connect", "Error", "connect"},
    {"node with a cause", R"(TypeError: fetch failed
    at main (/srv/a.mjs:3:1) {
  [cause]: Error: getaddrinfo ENOTFOUND api.example
      at GetAddrInfoReqWrap.onlookup (node:dns:107:26) {
    code: 'ENOTFOUND'
  }
}
end)",
     1, 7, 3, "external/dns", "Error", "GetAddrInfoReqWrap.onlookup"},
    {"node reading JSON", R"(SyntaxError: Bad thing
    at JSON.parse (<anonymous>)
    at load (/srv/a.js:2:3))",
     1, 3, 1, "data/input_format", "SyntaxError", "load"},
    {"c# with inner errors",
     R"(Unhandled exception. System.AggregateException: One or more errors occurred.
 ---> System.Net.Http.HttpRequestException: Connection refused (localhost:81)
 ---> System.Net.Sockets.SocketException (111): Connection refused
   at System.Net.Sockets.Socket.Connect(EndPoint e)
   at Shop.Client.Get(String u) in /src/Client.cs:line 9
   --- End of inner exception stack trace ---
   at Shop.Program.Main() in /src/Program.cs:line 3)",
     1, 7, 3, "external/connect", "System.Net.Sockets.SocketException", "Shop.Client.Get"},
    {"go panic", R"(panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.pick(...)
	/src/app/main.go:12
main.main()
	/src/app/main.go:20 +0x1d
exit status 2
next)",
     1, 8, 1, "code/exception", "panic", "main.pick"},
    {"go dead lock", R"(fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
main.main()
	/src/app/main.go:7 +0x37)",
     1, 5, 1, "resource/hang", "panic", "main.main"},
    {"rust", R"(thread 'main' (25694) panicked at src/main.rs:4:10:
called `Result::unwrap()` on an `Err` value: Os { code: 2, message: "no file" }
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
x)",
     1, 3, 2, "code/exception", "panic", "src/main.rs"},
    {"rust until 2023", R"(thread 'main' panicked at 'boom', src/main.rs:2:5
note: run with RUST_BACKTRACE=1)",
     1, 2, 1, "code/exception", "panic", "src/main.rs"},
    {"php",
     R"(PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /srv/Db.php:16
Stack trace:
#0 /srv/sync.php(21): Db->execute()
#1 {main}
  thrown in /srv/Db.php on line 16
rest)",
     1, 5, 1, "external/connect", "PDOException", "Db->execute"},
    {"ruby", R"(pull.rb:12:in `fetch': undefined method `x' for nil:NilClass (NoMethodError)
	from pull.rb:20:in `block in <main>'
	from pull.rb:20:in `each'
x)",
     1, 3, 1, "code/exception", "NoMethodError", "pull.rb:fetch"},
    {"perl with a backtrace", R"(Can't call method "text" on an undefined value at a.pl line 9.
	main::page("x") called at a.pl line 20
	main::run() called at a.pl line 31
x)",
     1, 3, 1, "code/exception", "", "main::page"},
    {"c++", R"(terminate called after throwing an instance of 'std::out_of_range'
  what():  map::at
Aborted)",
     1, 2, 1, "code/exception", "std::out_of_range", ""},
    {"sanitizer", R"(==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010
READ of size 4 at 0x602000000010 thread T0
    #0 0x4f in sum /src/sum.c:9
    #1 0x50 in main /src/sum.c:20
SUMMARY: AddressSanitizer: heap-use-after-free /src/sum.c:9 in sum
x)",
     1, 5, 1, "code/crash_signal", "", "sum"},
    {"r", R"(Error in read.csv("in.csv") : no lines available in input
Calls: main -> read.csv
Execution halted)",
     1, 3, 1, "data/empty_input", "", "read.csv"},
    {"elixir", R"(** (ArithmeticError) bad argument in arithmetic expression
    (app 0.1.0) lib/app.ex:3: App.rate/1
x)",
     1, 2, 1, "code/exception", "ArithmeticError", "App.rate/1"},
};

}  // namespace

TEST_CASE("a stack trace is one event with its root named") {
  const auto& row = GENERATE(from_range(std::begin(kRows), std::end(kRows)));
  CAPTURE(row.name);
  const auto log = prepare(lines_of(row.text));
  const auto findings = find(log);
  const auto* trace = trace_of(findings);
  REQUIRE(trace != nullptr);
  CHECK(trace->first + 1 == row.first);
  CHECK(trace->last + 1 == row.last);
  CHECK(trace->line + 1 == row.root);
  CHECK(trace->cause == row.cause);
  CHECK(slot(trace->slots, "exception") == row.exception);
  CHECK(trace->frame == row.frame);
}

TEST_CASE("a wrapper printed below its cause is a consequence") {
  const auto log = prepare(lines_of(kRows[3].text));
  bool wrapped = false;
  for (const auto& finding : find(log)) {
    if (finding.line == 10) wrapped = finding.consequence;
  }
  CHECK(wrapped);
}

TEST_CASE("lines of the other stream do not break a trace") {
  auto lines = lines_of(kRows[0].text);
  for (const std::size_t at : {3U, 6U, 9U}) {
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at),
                 {0, Channel::out, 0, "  progress of something else"});
  }
  const auto log = prepare(lines);
  const auto traces = find_traces(log);
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].lines.size() == 9);
  CHECK(traces[0].heads[0].exception == "KeyError");
  for (const auto line : traces[0].lines) CHECK(log.lines[line].channel == Channel::err);
}

TEST_CASE("two traces after each other are two events") {
  const auto text = std::string(kRows[0].text) + "\n" + std::string(kRows[0].text);
  CHECK(find_traces(prepare(lines_of(text))).size() == 2);
}

TEST_CASE("what only looks like a trace is none") {
  const auto text = GENERATE(values<std::string_view>({
      "meeting\n  at noon (room 3)",
      "Error: too bad\nnext line",
      "panic button pressed",
      "  File \"a.txt\", line 3\n  more",
      "Traceback (most recent call last):",
      "Traceback (most recent call last):\n\nnext",
      "x.rb: 3 files in place",
      "** important **",
      "   at /x:1",
      "Caused by: nothing\n\tat",
  }));
  CAPTURE(text);
  CHECK(find_traces(prepare(lines_of(text))).empty());
}

TEST_CASE("a trace without end costs no more than its limit") {
  std::string text = "Traceback (most recent call last):\n";
  for (int i = 0; i < 10'000; ++i) text += "  File \"/srv/a.py\", line 1, in f\n";
  text += "RecursionError: maximum recursion depth exceeded";
  const auto traces = find_traces(prepare(lines_of(text)));
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].lines.size() <= kMaxTrace + 1);
}

}  // namespace logboom::query::why
