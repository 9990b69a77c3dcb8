#include "query/why/step.h"

#include <catch2/catch.hpp>
#include <string>

namespace logboom::query::why {
namespace {

struct Log {
  explicit Log(const std::string& text) : bytes(text) {
    std::size_t at = 0;
    while (at < bytes.size()) {
      const auto end = std::min(bytes.find('\n', at), bytes.size());
      lines.push_back({.number = static_cast<std::uint32_t>(lines.size() + 1),
                       .text = std::string_view(bytes).substr(at, end - at)});
      at = end + 1;
    }
  }
  std::string bytes;
  std::vector<LogLine> lines;
};

TEST_CASE("the failing command is the one the log says it is") {
  auto [text, first, last] = GENERATE(table<std::string, std::uint32_t, std::uint32_t>({
      {"$ make deps\nok\nThe command \"make deps\" exited with 0.\n"
       "$ make test\nboom\nThe command \"make test\" exited with 2.\ncleanup\n",
       4, 6},
      {"$ a && \\\nx\nThe command \"a && \\\nb\" exited with 1.\n", 1, 4},
      {"$ git clone x\nfatal: no\nThe command \"eval git clone x \" failed 3 times.\n", 1, 3},
      {"##[group]Run make\nok\n##[endgroup]\n##[group]Run make test\nboom\n"
       "##[error]Process completed with exit code 1.\n",
       4, 6},
      {"Step 1/2 : RUN true\nStep 2/2 : RUN false\nboom\n"
       "The command '/bin/sh -c false' returned a non-zero code: 1\n",
       2, 4},
      {"> app@1.0.0 lint\n> eslint .\nbad\nnpm ERR! code 1\n", 2, 4},
      {"$ npm test\n> app@1.0.0 test\n> jest\nbad\nnpm ERR! code 1\n"
       "The command \"npm test\" exited with 1.\n",
       3, 6},
  }));
  CAPTURE(text);
  const Log log(text);
  const auto prepared = prepare(log.lines);
  const auto step = failing_step(prepared);
  REQUIRE(step);
  CHECK(step->first + 1 == first);
  CHECK(step->last + 1 == last);
}

TEST_CASE("without a failing command there is no step") {
  auto text = GENERATE(as<std::string>(), "", "\n", "hello\n",
                       "$ make\nThe command \"make\" exited with 0.\n",
                       "The command \"make\" exited with 1.\n", "\" exited with 1.\n", "+ a\n+ b\n",
                       "@@ -1 +1 @@\n- old\n+ new\n- old\n+ new\n- old\n+ new\n- old\n");
  CAPTURE(text);
  const Log log(text);
  CHECK_FALSE(failing_step(prepare(log.lines)));
}

}  // namespace
}  // namespace logboom::query::why
