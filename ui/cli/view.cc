#include "ui/cli/view.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_set>

#include "core/http/message.h"
#include "core/options.h"
#include "ui/cli/follow.h"
#include "ui/cli/history.h"
#include "ui/cli/run_answer.h"

namespace logboom::ui::cli {
namespace {

class Viewer {
 public:
  Viewer(const Arguments& arguments, const Settings& settings, Streams& streams, Notes& notes,
         Server server, Zone zone)
      : view_(arguments.view),
        search_(arguments.command == Command::search),
        settings_(settings),
        streams_(streams),
        notes_(notes),
        server_(std::move(server)),
        zone_(zone),
        query_(make_query(view_.selection, settings.tool)),
        words_(Words::parse(query_.search)) {}

  Result<int> run() {
    const auto now = streams_.now();
    auto start = view_.since.empty() ? now - kLookBack : parse_when(view_.since, now, zone_);
    if (!start) return fail(std::move(start).error().in("--since"));
    auto end = view_.until.empty() ? now + kClockSkew : parse_when(view_.until, now, zone_);
    if (!end) return fail(std::move(end).error().in("--until"));
    if (*end <= *start) {
      return fail(Errc::invalid, "--since is not before --until; nothing lies between them");
    }
    range_ = {.start = *start, .end = *end};
    if (view_.follow) return follow_lines();
    auto done = view_.count ? count_lines() : show_lines();
    if (!done) return fail(std::move(done).error());
    if (found_ > 0 || streams_.stop.stop_requested()) return kOk;
    return nothing_found();
  }

 private:
  [[nodiscard]] Printer printer(std::ostream& out, bool to_terminal) const {
    const auto& jobs = view_.selection.jobs;
    const bool one_job = jobs.size() == 1 && !is_glob(jobs[0]);
    return Printer({.format = view_.format,
                    .fields = view_.fields,
                    .times = view_.times,
                    .zone = zone_,
                    .now = streams_.now,
                    .tool = settings_.tool,
                    .colour = view_.format == Format::text &&
                              use_colour(view_.colour, streams_.env, to_terminal),
                    .safe = to_terminal && !view_.raw_control,
                    .show_job = !one_job,
                    .highlight = words_},
                   out);
  }

  // The filters that only we can apply: levels are read off the text, and a stock Loki (no line
  // ids) ignores the words.
  [[nodiscard]] bool accept(const Line& line) const {
    if (view_.least != Level::unknown) {
      const auto level = line.level();
      if (view_.that_level_only ? level != view_.least : level < view_.least) return false;
    }
    return query_.search.empty() || !line.id.empty() || words_.match(line.body);
  }

  [[nodiscard]] Reading reading() {
    const auto wanted = view_.count ? kMaxPage : view_.lines.value_or(kMaxPage);
    const bool filters = view_.least != Level::unknown || !query_.search.empty();
    return {.fetch =
                [this](Range range, std::size_t limit, Direction direction) {
                  return server_.range(query_, range, limit, direction);
                },
            .range = range_,
            .accept = [this](const Line& line) { return accept(line); },
            .page = filters ? kMaxPage : std::clamp<std::size_t>(wanted, 1, kMaxPage),
            .stop = streams_.stop};
  }

  Result<void> count_lines() {
    auto done = read_all(reading(), [&](const std::vector<Line>& lines) {
      found_ += lines.size();
      return true;
    });
    if (!done) return done;
    streams_.out << found_ << "\n" << std::flush;
    return {};
  }

  // Whatever has been read is printed, also before an error.
  Result<void> show_lines() {
    const bool terminal = streams_.out_is_terminal;
    const auto command = terminal && !view_.no_pager ? Pager::command(streams_.env) : "";
    std::optional<std::vector<Line>> newest;
    if (view_.lines) {
      auto read = read_newest(reading(), *view_.lines);
      if (!read) return fail(std::move(read).error());
      newest = *std::move(read);
      found_ = newest->size();
      if (newest->empty() && view_.format == Format::text) return {};
    }
    std::unique_ptr<Pager> pager;
    if (!command.empty()) {
      auto started = Pager::start(command);
      if (!started) return fail(std::move(started).error());
      pager = *std::move(started);
      streams_.busy = true;
    }
    auto& out = pager ? pager->stream() : streams_.out;
    auto print = printer(out, terminal);
    auto done = newest ? print_newest(print, out, *newest) : print_all(print, out);
    print.finish();
    out.flush();
    pager.reset();
    streams_.busy = false;
    if (newest && found_ == *view_.lines && found_ > 0) {
      notes_.hint("the newest " +
                  (found_ == 1 ? std::string("line") : std::to_string(found_) + " lines") +
                  "; -n all shows every one");
    }
    return done;
  }

  Result<void> print_newest(Printer& print, std::ostream& out, const std::vector<Line>& lines) {
    std::unordered_set<std::string> shown;
    for (const auto& line : lines) {
      if (!out) return {};
      if (!view_.around.any()) {
        print.print(line);
        continue;
      }
      if (auto done = print_around(print, line, shown); !done) return done;
    }
    return {};
  }

  Result<void> print_all(Printer& print, std::ostream& out) {
    std::unordered_set<std::string> shown;
    Result<void> around;
    auto done = read_all(reading(), [&](const std::vector<Line>& lines) {
      found_ += lines.size();
      around = print_newest(print, out, lines);
      out.flush();
      return around && out;
    });
    return around ? done : around;
  }

  // A hit and its neighbours, without those that an earlier hit has shown.
  Result<void> print_around(Printer& print, const Line& hit,
                            std::unordered_set<std::string>& shown) {
    const auto name = [](const Line& line) {
      return std::to_string(line.time_ns) + '\n' + line.key();
    };
    const auto ask = [this](const Query& query, Range range, std::size_t limit,
                            Direction direction) {
      return server_.range(query, range, limit, direction);
    };
    auto lines = neighbours(ask, hit, view_.around, settings_.tool);
    if (!lines) return fail(std::move(lines).error());
    bool joined = shown.empty();
    for (const auto& line : *lines) {
      if (!shown.insert(name(line)).second) {
        joined = true;
        continue;
      }
      if (!joined) print.separate();
      joined = true;
      print.print(line);
    }
    return {};
  }

  Result<int> follow_lines() {
    if (auto done = note_unknown_jobs("; waiting for its first line"); !done) {
      return fail(std::move(done).error());
    }
    auto print = printer(streams_.out, streams_.out_is_terminal);
    streams_.out.flush();
    // A back-fill of nothing is asked for as one line from now on: a limit of 0 is refused.
    const TailStart start = {.start = *view_.lines == 0 ? streams_.now() : range_.start,
                             .limit = std::max<std::size_t>(*view_.lines, 1),
                             .cursor = {}};
    auto done = follow({.client = server_.options(),
                        .query = query_,
                        .start = start,
                        .visit =
                            [&](const std::vector<Line>& lines) {
                              for (const auto& line : lines) {
                                if (accept(line)) print.print(line);
                              }
                              return static_cast<bool>(streams_.out.flush());
                            },
                        .notice = [&](std::string_view text) { notes_.note(text); },
                        .stop = streams_.stop});
    if (!done) return fail(std::move(done).error());
    return kOk;
  }

  // The jobs asked for by name that have no line at all.
  Result<std::string> unknown_job(std::vector<std::string>& known) {
    if (view_.selection.jobs.empty()) return "";
    const auto now = streams_.now();
    auto jobs = server_.values("job", {now - kLookBack, now + kClockSkew});
    if (!jobs) return fail(std::move(jobs).error());
    known = *std::move(jobs);
    for (const auto& job : view_.selection.jobs) {
      if (!is_glob(job) && std::ranges::find(known, job) == known.end()) return job;
    }
    return "";
  }

  Result<std::string> unknown_job_text() {
    std::vector<std::string> known;
    auto job = unknown_job(known);
    if (!job || job->empty()) return job;
    std::string text = "tool '" + settings_.tool + "' has no job '" + *job + "'";
    if (const auto near = nearest(*job, known); !near.empty()) {
      text += "; did you mean '" + near + "'?";
    } else if (search_) {
      text += "; to search for several words, quote them: logs search '" + view_.selection.search +
              " " + *job + "'";
    } else if (known.empty()) {
      text += ", nor any other; send a first line with `echo hello | logs send --job " + *job + "`";
    }
    return text;
  }

  Result<void> note_unknown_jobs(std::string_view more) {
    auto text = unknown_job_text();
    if (!text) return fail(std::move(text).error());
    if (!text->empty()) notes_.note(*text + std::string(more));
    return {};
  }

  // Why a run has no line here: nobody knows it, or it is another tool's. "": neither.
  std::string unknown_run_text() {
    const auto& id = view_.selection.run;
    if (id.empty()) return "";
    auto any = Server::create(settings_, Server::Tools::any);
    if (!any) return "";
    const auto body = any->ask("/api/v1/runs/" + http::percent_encode(id));
    if (!body) {
      const auto code = body.error().code;
      if (code != Errc::not_found && code != Errc::invalid) return "";
      return "there is no run '" + id + "': it is not kept any more, or its id is wrong; " +
             "`logs runs` lists those that are";
    }
    const auto run = decode_run(*body);
    if (!run || run->tool == settings_.tool) return "";
    return "run '" + id + "' is of the tool '" + run->tool + "'; add --tool " + run->tool;
  }

  Result<int> nothing_found() {
    if (auto text = unknown_run_text(); !text.empty()) {
      return fail(Errc::not_found, std::move(text));
    }
    auto text = unknown_job_text();
    if (!text) return fail(std::move(text).error());
    if (!text->empty()) return fail(Errc::not_found, *std::move(text));
    const auto since = view_.since.empty() ? "in the last 30 days" : "since " + view_.since;
    const auto& id = view_.selection.run;
    notes_.note("no lines of " + (id.empty() ? "tool '" + settings_.tool : "run '" + id) + "' " +
                since +
                (search_                        ? " match"
                 : view_.selection.jobs.empty() ? ""
                                                : " in these jobs") +
                "; -S 90d looks further back" + (id.empty() ? ", --tool NAME elsewhere" : ""));
    return view_.fail_empty ? kNothingFound : kOk;
  }

  const View& view_;
  bool search_;
  const Settings& settings_;
  Streams& streams_;
  Notes& notes_;
  Server server_;
  Zone zone_;
  Query query_;
  Words words_;
  Range range_;
  std::size_t found_ = 0;
};

}  // namespace

Result<int> view_lines(const Arguments& arguments, const Settings& settings, Streams& streams,
                       Notes& notes) {
  const auto zone = Zone::named(arguments.view.zone);
  if (!zone) return fail(zone.error());
  auto server = Server::create(settings);
  if (!server) return fail(std::move(server).error());
  return Viewer(arguments, settings, streams, notes, *std::move(server), *zone).run();
}

}  // namespace logboom::ui::cli
