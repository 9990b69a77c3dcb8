#include "ui/cli/ping.h"

#include <array>

#include "core/http/client.h"
#include "ui/cli/runs.h"
#include "ui/cli/server.h"

namespace logboom::ui::cli {
namespace {

// The end of it: that is where a script says what went wrong.
std::string message(const Arguments& arguments, std::istream& in) {
  std::string text = arguments.ping.message;
  if (text != "-") return text.substr(text.size() - std::min(text.size(), kMaxPingBody));
  text.clear();
  std::array<char, 16 * 1024> chunk;
  while (in.read(chunk.data(), chunk.size()), in.gcount() > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > 2 * kMaxPingBody) text.erase(0, text.size() - kMaxPingBody);
  }
  return text.substr(text.size() - std::min(text.size(), kMaxPingBody));
}

std::string target(const Settings& settings, const std::string& check, const Arguments& arguments) {
  const auto& ping = arguments.ping;
  auto result = "/ping/" + http::percent_encode(settings.tool) + "/" + http::percent_encode(check);
  if (!ping.signal.empty()) result += "/" + ping.signal;
  char separator = '?';
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    result += separator;
    separator = '&';
    result.append(name).append("=").append(http::percent_encode(value));
  };
  add("rid", ping.run);
  add("schedule", ping.schedule);
  add("zone", ping.zone);
  add("period", ping.period);
  add("grace", ping.grace);
  return result;
}

// Tries again while the server is away or busy; what it refuses, it would refuse again.
Result<void> deliver(const Arguments& arguments, Streams& streams) {
  const auto subject = split_subject(arguments.subject, arguments.connection.tool);
  auto connection = arguments.connection;
  if (!subject.tool.empty()) connection.tool = subject.tool;
  const auto found = settings(connection, streams.env);
  if (!found) return fail(found.error());
  auto server = Server::create(*found, Server::Tools::one, kPingTimeout);
  if (!server) return fail(std::move(server).error());
  const auto body = message(arguments, streams.in);
  const auto where = target(*found, subject.name, arguments);
  for (int left = kPingTries;;) {
    auto answer = server->tell(where, body);
    if (answer) return {};
    const auto code = answer.error().code;
    const bool passes =
        code == Errc::unavailable || code == Errc::timeout || code == Errc::internal;
    if (!passes || --left == 0 ||
        !streams.pause(streams.stop, std::chrono::seconds(1 << (kPingTries - 1 - left)))) {
      return fail(std::move(answer).error());
    }
  }
}

}  // namespace

Result<int> ping(const Arguments& arguments, Streams& streams, Notes& notes) {
  auto done = deliver(arguments, streams);
  if (done) return kOk;
  if (arguments.ping.strict) return fail(std::move(done).error());
  notes.error(done.error());
  return kOk;
}

}  // namespace logboom::ui::cli
