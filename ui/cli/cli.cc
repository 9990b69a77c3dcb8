#include "ui/cli/cli.h"

#include "ui/cli/arguments.h"
#include "ui/cli/completion.h"
#include "ui/cli/login.h"
#include "ui/cli/notes.h"
#include "ui/cli/ping.h"
#include "ui/cli/runs.h"
#include "ui/cli/server.h"
#include "ui/cli/view.h"

namespace logboom::ui::cli {
namespace {

Result<void> send_lines(const Arguments& arguments, const Settings& settings, Streams& streams,
                        const Send& send, Notes& notes) {
  if (!send) return fail(Errc::internal, "this program is built without `send`");
  auto client = settings.client();
  // The sender names the tool itself.
  std::erase_if(client.headers, [](const auto& header) { return header.first == "X-Scope-OrgID"; });
  bool said = false;
  const auto waiting = [&] {
    if (!said)
      notes.note("no answer from " + settings.url + " yet; keeping the lines, trying again");
    said = true;
  };
  streams.busy = true;
  auto lines = send({.url = settings.url,
                     .ca_file = settings.ca_file,
                     .tool = settings.tool,
                     .job = arguments.send.job,
                     .labels = arguments.send.labels,
                     .headers = client.headers,
                     .waiting = waiting},
                    streams.stop);
  streams.busy = false;
  if (!lines) return fail(explain(std::move(lines).error(), settings.url));
  notes.hint("sent " + std::to_string(*lines) + (*lines == 1 ? " line" : " lines") + " to job '" +
             arguments.send.job + "'; see them with `logs show " + arguments.send.job + "`");
  return {};
}

Result<void> list_jobs(const Settings& settings, Streams& streams) {
  auto server = Server::create(settings);
  if (!server) return fail(std::move(server).error());
  const auto now = streams.now();
  const auto jobs = server->values("job", {now - kLookBack, now + kClockSkew});
  if (!jobs) return fail(jobs.error());
  for (const auto& job : *jobs) streams.out << printable(job) << "\n";
  return {};
}

Result<int> run_command(const Arguments& arguments, Streams& streams, const Parts& parts,
                        Notes& notes) {
  const auto ok = [](const Result<void>& done) -> Result<int> {
    if (!done) return fail(done.error());
    return kOk;
  };
  switch (arguments.command) {
    case Command::help:
      streams.out << arguments.text;
      return kOk;
    case Command::version:
      streams.out << "logs " << LOGBOOM_VERSION << "\n";
      return kOk;
    case Command::completion: {
      const auto script = completion_script(arguments.text);
      if (!script) return fail(script.error());
      streams.out << *script;
      return kOk;
    }
    case Command::why:
      return explain_run(arguments, streams, parts, notes);
    case Command::runs:
      return list_runs(arguments, streams, parts, notes);
    case Command::health:
      return show_health(arguments, streams, notes);
    case Command::usage:
      return show_usage(arguments, streams);
    case Command::run:
      return fail(Errc::invalid, "`run` comes first: logs run -- ./report.sh");
    case Command::ping:
      return ping(arguments, streams, notes);
    default:
      break;
  }
  // A context that login is about to make need not exist yet.
  auto connection = arguments.connection;
  if (arguments.command == Command::login && !connection.url.empty()) connection.context.clear();
  const auto found = settings(connection, streams.env);
  if (!found) return fail(found.error());
  switch (arguments.command) {
    case Command::send:
      return ok(send_lines(arguments, *found, streams, parts.send, notes));
    case Command::login:
      return ok(login(arguments, *found, streams, notes));
    case Command::logout:
      return ok(logout(*found, notes));
    case Command::whoami:
      return ok(whoami(*found, streams));
    case Command::list_jobs:
      return ok(list_jobs(*found, streams));
    default:
      return view_lines(arguments, *found, streams, notes);
  }
}

}  // namespace

int exit_code(Errc code) {
  switch (code) {
    case Errc::invalid:
      return kUsage;
    case Errc::denied:
      return kNotLetIn;
    case Errc::not_found:
      return kNotFound;
    case Errc::limit:
      return kLimit;
    case Errc::unavailable:
    case Errc::timeout:
      return kUnreachable;
    case Errc::cancelled:
      return kInterrupted;
    default:
      return kError;
  }
}

int run(const std::vector<std::string>& arguments, Streams& streams, const Parts& parts) {
  const auto parsed = parse_arguments(arguments);
  Notes notes(streams, parsed ? parsed->quiet : false);
  if (!parsed) {
    notes.error(parsed.error());
    return kUsage;
  }
  const auto code = run_command(*parsed, streams, parts, notes);
  streams.out.flush();
  if (streams.stop.stop_requested()) return kInterrupted;
  if (!code) {
    notes.error(code.error());
    return exit_code(code.error().code);
  }
  return *code;
}

}  // namespace logboom::ui::cli
