#include "ui/cli/runs.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "core/http/message.h"
#include "ui/cli/log_file.h"
#include "ui/cli/run_answer.h"
#include "ui/cli/runs_text.h"
#include "ui/cli/server.h"
#include "ui/cli/verdict_text.h"

namespace logboom::ui::cli {
namespace {

constexpr std::size_t kRunIdBytes = 12, kRunsPage = 500, kRunsOfOneInstant = 100;

// Where a command's text goes: the terminal through a pager, else as it is.
class Output {
 public:
  Output(const View& view, Streams& streams) : view_(view), streams_(streams) {}
  ~Output() {
    if (!pager_) return;
    pager_->stream().flush();
    pager_.reset();
    streams_.busy = false;
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  Result<void> open(bool paged) {
    const bool pages = paged && streams_.out_is_terminal && !view_.no_pager;
    const auto command = pages ? Pager::command(streams_.env) : "";
    if (command.empty()) return {};
    auto started = Pager::start(command);
    if (!started) return fail(std::move(started).error());
    pager_ = *std::move(started);
    streams_.busy = true;
    return {};
  }
  [[nodiscard]] std::ostream& stream() { return pager_ ? pager_->stream() : streams_.out; }
  [[nodiscard]] bool colour() const {
    return use_colour(view_.colour, streams_.env, streams_.out_is_terminal);
  }
  [[nodiscard]] std::size_t width() const { return streams_.out_is_terminal ? streams_.width : 0; }

 private:
  const View& view_;
  Streams& streams_;
  std::unique_ptr<Pager> pager_;
};

Result<TableOptions> table_options(const View& view, const Streams& streams, const Output& output) {
  const auto zone = Zone::named(view.zone);
  if (!zone) return fail(zone.error());
  return TableOptions{
      .colour = output.colour(), .width = output.width(), .zone = *zone, .now = streams.now()};
}

// The settings with the tool of "TOOL/JOB".
Result<Settings> settings_for(const Arguments& arguments, const Streams& streams,
                              const Subject& subject) {
  auto connection = arguments.connection;
  if (!subject.tool.empty()) connection.tool = subject.tool;
  return settings(connection, streams.env);
}

std::string with_param(std::string target, std::string_view name, std::string_view value) {
  target += target.contains('?') ? '&' : '?';
  return target.append(name).append("=").append(http::percent_encode(value));
}

// Where a verdict or a run was found: the questions that follow go to the same place.
struct Found {
  Server server;
  std::string tool;  // the reader's own
  VerdictInfo verdict;
  std::string json;
};

Result<Found> take(Server server, std::string tool, std::string body) {
  auto verdict = decode_verdict(body);
  if (!verdict) return fail(std::move(verdict).error());
  return Found{std::move(server), std::move(tool), *std::move(verdict), std::move(body)};
}

// Nothing when no run has this id.
Result<std::optional<Found>> find_run(const Arguments& arguments, Streams& streams) {
  auto found = settings(arguments.connection, streams.env);
  if (!found) return fail(std::move(found).error());
  auto server = Server::create(
      *found, arguments.connection.tool.empty() ? Server::Tools::any : Server::Tools::one);
  if (!server) return fail(std::move(server).error());
  std::string target = "/api/v1/runs/" + arguments.subject + "/why";
  if (arguments.why.refresh) target += "?refresh=1";
  auto body = server->ask(target);
  if (!body && body.error().code == Errc::not_found) return std::nullopt;
  if (!body) return fail(std::move(body).error());
  auto taken = take(*std::move(server), found->tool, *std::move(body));
  if (!taken) return fail(std::move(taken).error());
  return std::optional<Found>(*std::move(taken));
}

// The job that failed last of those in trouble. "": there is none, and it has been said.
Result<std::string> troubled_job(Server& server, const Settings& settings, Notes& notes) {
  const auto body = server.ask("/api/v1/jobs");
  if (!body) return fail(body.error());
  const auto overview = decode_jobs(*body);
  if (!overview) return fail(overview.error());
  if (overview->jobs == 0) {
    notes.note("tool '" + settings.tool +
               "' has no runs yet; `logs run -- COMMAND` makes one, --tool NAME looks elsewhere");
  } else if (overview->in_trouble == 0) {
    notes.note("all is well: " +
               (overview->jobs == 1 ? "the one job is not"
                                    : "none of " + std::to_string(overview->jobs) + " jobs is") +
               " in trouble; `logs runs` lists the runs");
  } else if (overview->in_trouble > 1) {
    notes.hint(std::to_string(overview->in_trouble) +
               " jobs are in trouble; this one failed last, `logs health` names all");
  }
  return overview->troubled;
}

Result<std::optional<Found>> find_verdict(const Arguments& arguments, Streams& streams,
                                          const Parts& parts, Notes& notes) {
  const auto subject = split_subject(arguments.subject, arguments.connection.tool);
  if (subject.tool.empty() && like_run_id(subject.name)) {
    auto run = find_run(arguments, streams);
    if (!run || *run) return run;
  }
  auto found = settings_for(arguments, streams, subject);
  if (!found) return fail(std::move(found).error());
  if (parts.wait_for_local_runs) {
    parts.wait_for_local_runs(found->tool, subject.name, streams.stop);
  }
  auto server = Server::create(*found);
  if (!server) return fail(std::move(server).error());
  auto job = subject.name;
  if (job.empty()) {
    auto troubled = troubled_job(*server, *found, notes);
    if (!troubled) return fail(std::move(troubled).error());
    if (troubled->empty()) return std::nullopt;
    job = *std::move(troubled);
  }
  auto target = with_param("/api/v1/why", "job", job);
  if (arguments.why.refresh) target += "&refresh=1";
  auto body = server->ask(target);
  if (!body) return fail(std::move(body).error());
  // The reader's own tool is the one that is set without "TOOL/".
  const auto own = settings(arguments.connection, streams.env);
  auto taken = take(*std::move(server), own ? own->tool : found->tool, *std::move(body));
  if (!taken) return fail(std::move(taken).error());
  return std::optional<Found>(*std::move(taken));
}

int verdict_code(const Arguments& arguments, const VerdictInfo& verdict) {
  return arguments.exit_status && is_trouble(verdict.outcome) ? kError : kOk;
}

// `file_empty`: of `why --file`.
Result<int> print(const Arguments& arguments, Streams& streams, const VerdictInfo& verdict,
                  const std::string& json, const RunInfo* run, const std::string& tool,
                  bool file_empty = false) {
  if (arguments.view.format == Format::json) {
    streams.out << std::string_view(json).substr(0, json.find_last_not_of(" \r\n") + 1) << "\n";
    return verdict_code(arguments, verdict);
  }
  Output output(arguments.view, streams);
  const auto options = table_options(arguments.view, streams, output);
  if (!options) return fail(options.error());
  if (auto opened = output.open(true); !opened) return fail(std::move(opened).error());
  print_verdict(output.stream(), verdict, run,
                {.colour = options->colour,
                 .width = options->width,
                 .zone = options->zone,
                 .now = options->now,
                 .file = arguments.why.file,
                 .file_empty = file_empty,
                 .exit_known = arguments.why.exit_code.has_value(),
                 .tool = tool});
  return verdict_code(arguments, verdict);
}

Result<int> explain_log(const Arguments& arguments, Streams& streams, Notes& notes) {
  const auto& why = arguments.why;
  if (why.baselines.size() > kMaxBaselines) {
    notes.note("only the first " + std::to_string(kMaxBaselines) + " baselines are compared with");
  }
  const auto found = explain_file(why.file, streams.in, why.baselines, why.exit_code);
  if (!found) return fail(found.error());
  return print(arguments, streams, found->verdict, found->json, nullptr, "", found->empty);
}

// Page after page, newest first, until `most` runs or none are left. The server says when a run
// began to the millisecond: the next page ends just after it, and what comes twice is known by its
// id.
Result<RunList> read_runs(Server& server, const std::string& target,
                          std::optional<std::size_t> most, const std::stop_token& stop) {
  RunList all;
  std::set<std::string> seen;
  std::string before;
  while (!stop.stop_requested() && all.runs.size() < most.value_or(SIZE_MAX)) {
    const auto wanted = std::min(
        most.value_or(SIZE_MAX) - all.runs.size() + (before.empty() ? 0 : kRunsOfOneInstant),
        kRunsPage);
    auto page_target = with_param(target, "limit", std::to_string(wanted));
    if (!before.empty()) page_target = with_param(page_target, "before", before);
    const auto body = server.ask(page_target);
    if (!body) return fail(body.error());
    auto page = decode_runs(*body);
    if (!page) return fail(std::move(page).error());
    const auto had = all.runs.size();
    for (std::size_t i = 0; i < page->runs.size() && all.runs.size() < most.value_or(SIZE_MAX);
         ++i) {
      if (!seen.insert(page->runs[i].id).second) continue;
      all.runs.push_back(std::move(page->runs[i]));
      all.json.push_back(std::move(page->json[i]));
    }
    if (page->runs.size() < wanted || all.runs.size() == had) break;
    before = format_rfc3339(all.runs.back().started_ns + 1'000'000);
  }
  return all;
}

void print_json(std::ostream& out, const RunList& list, bool lines) {
  const std::string_view separator = lines ? "\n" : ",\n";
  if (!lines) out << "[";
  for (std::size_t i = 0; i < list.json.size(); ++i) {
    out << (i == 0 ? (lines ? "" : "\n") : separator) << list.json[i];
  }
  out << (lines ? (list.json.empty() ? "" : "\n") : (list.json.empty() ? "]\n" : "\n]\n"));
}

}  // namespace

Subject split_subject(const std::string& subject, const std::string& tool_flag) {
  const auto slash = subject.find('/');
  if (slash == std::string::npos || slash == 0) return {"", subject};
  const auto tool = subject.substr(0, slash);
  // With --tool, a slash is the job's own, unless the same tool is named twice.
  if (!tool_flag.empty() && tool != tool_flag) return {"", subject};
  return {tool, subject.substr(slash + 1)};
}

bool like_run_id(std::string_view text) {
  return text.size() == kRunIdBytes &&
         text.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz") == std::string_view::npos;
}

Result<int> explain_run(const Arguments& arguments, Streams& streams, const Parts& parts,
                        Notes& notes) {
  if (!arguments.why.file.empty()) return explain_log(arguments, streams, notes);
  auto found = find_verdict(arguments, streams, parts, notes);
  if (!found) return fail(std::move(found).error());
  if (!*found) return kOk;
  auto& [server, tool, verdict, json] = **found;
  std::optional<RunInfo> run;
  if (arguments.view.format == Format::text && !verdict.run.empty()) {
    auto target = "/api/v1/runs/" + http::percent_encode(verdict.run);
    if (!verdict.tool.empty()) target = with_param(target, "tool", verdict.tool);
    // A verdict says enough without the facts around it.
    if (const auto body = server.ask(target)) {
      if (auto decoded = decode_run(*body)) run = *std::move(decoded);
    }
  }
  return print(arguments, streams, verdict, json, run ? &*run : nullptr, tool);
}

Result<int> list_runs(const Arguments& arguments, Streams& streams, const Parts& parts,
                      Notes& notes) {
  const auto& view = arguments.view;
  const auto subject = split_subject(arguments.subject, arguments.connection.tool);
  auto found = settings_for(arguments, streams, subject);
  if (!found) return fail(std::move(found).error());
  Output output(view, streams);
  const auto options = table_options(view, streams, output);
  if (!options) return fail(options.error());
  std::string target = "/api/v1/runs";
  if (!subject.name.empty()) target = with_param(target, "job", subject.name);
  if (arguments.runs_failed) target = with_param(target, "failed", "1");
  if (!view.since.empty()) {
    const auto since = parse_when(view.since, streams.now(), options->zone);
    if (!since) return fail(Error(since.error()).in("--since"));
    target = with_param(target, "since", format_rfc3339(*since));
  }
  if (parts.wait_for_local_runs) {
    parts.wait_for_local_runs(found->tool, subject.name, streams.stop);
  }
  auto server = Server::create(*found);
  if (!server) return fail(std::move(server).error());
  const auto list = read_runs(*server, target, view.lines, streams.stop);
  if (!list) return fail(list.error());
  if (view.format != Format::text) {
    print_json(streams.out, *list, view.format == Format::jsonl);
    return kOk;
  }
  if (list->runs.empty()) {
    notes.note("tool '" + found->tool + "' has no " + (arguments.runs_failed ? "failed " : "") +
               "runs" + (subject.name.empty() ? "" : " of job '" + subject.name + "'") +
               (view.since.empty() ? "" : " since " + view.since));
    return kOk;
  }
  if (auto opened = output.open(true); !opened) return fail(std::move(opened).error());
  print_runs(output.stream(), list->runs, subject.name.empty(), *options);
  return kOk;
}

Result<int> show_health(const Arguments& arguments, Streams& streams, Notes& notes) {
  const auto found = settings(arguments.connection, streams.env);
  if (!found) return fail(found.error());
  auto server = Server::create(*found);
  if (!server) return fail(std::move(server).error());
  const auto body = server->ask("/api/v1/health");
  if (!body) return fail(body.error());
  const auto health = decode_health(*body);
  if (!health) return fail(health.error());
  const int code = arguments.exit_status && health->problems > 0 ? kError : kOk;
  if (arguments.view.format == Format::json) {
    streams.out << *body << "\n";
    return code;
  }
  Output output(arguments.view, streams);
  const auto options = table_options(arguments.view, streams, output);
  if (!options) return fail(options.error());
  if (health->jobs.empty()) {
    notes.note("tool '" + found->tool + "' has no jobs yet; `logs run -- COMMAND` makes one");
    return code;
  }
  print_health(streams.out, *health, *options);
  return code;
}

Result<int> show_usage(const Arguments& arguments, Streams& streams) {
  const auto subject = split_subject(arguments.subject, arguments.connection.tool);
  const auto found = settings_for(arguments, streams, subject);
  if (!found) return fail(found.error());
  auto server = Server::create(*found);
  if (!server) return fail(std::move(server).error());
  const auto body = server->ask(with_param("/api/v1/usage", "job", subject.name));
  if (!body) return fail(body.error());
  if (arguments.view.format == Format::json) {
    streams.out << *body << "\n";
    return kOk;
  }
  const auto usage = decode_usage(*body);
  if (!usage) return fail(usage.error());
  Output output(arguments.view, streams);
  const auto options = table_options(arguments.view, streams, output);
  if (!options) return fail(options.error());
  print_usage(streams.out, *usage, *options);
  return kOk;
}

}  // namespace logboom::ui::cli
