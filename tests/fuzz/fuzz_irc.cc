// What an IRC server sends, line by line, while a message waits to go out; and the same bytes as
// text of a log on their way into a message.
#include <string>
#include <string_view>

#include "alerts/notify/irc_session.h"
#include "alerts/notify/mime.h"
#include "alerts/proof.h"
#include "alerts/text.h"
#include "core/utf8.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace logboom::alerts;
  using logboom::fuzz::hold;
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  IrcOptions options;
  options.user = options.password = input.starts_with('s') ? "user" : "";
  std::int64_t now = 1'000;
  IrcSession session(options, now);
  std::string_view rest = input;
  while (!rest.empty() && !session.broken()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    session.receive(rest.substr(0, end), now);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    now += 500;
    session.tick(now);
    if (session.ready() && session.idle()) session.post("#bot", "FAILED", now);
    (void)session.result();
    for (const auto& line : session.output())
      hold(line.find('\n') == std::string::npos, "one line");
  }

  const std::string clean = clean_line(input);
  hold(logboom::valid_utf8(clean) && clean.find_first_of("\r\n\x1b") == std::string::npos, "clean");
  const std::string short_one = cut(clean, 100);
  hold(short_one.size() <= 100 && logboom::valid_utf8(short_one), "cut");
  const std::string wraps = wrapped(clean, "  ", 20);
  hold(wraps.ends_with('\n'), "wrapped");
  for (const char c : header_text(input, 9) + quoted_printable(input)) {
    hold(static_cast<unsigned char>(c) < 0x80, "ASCII");
  }
  (void)read_proof(input);
  return 0;
}
