#include "query/why/features.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <unordered_map>

#include "query/why/findings.h"

namespace logboom::query::why {
namespace {

struct Pattern {
  Feature feature;
  const char* name;
  const char* regex;
};

// clang-format off
constexpr std::array<Pattern, kPatterns> kTable = {{
    {word_error, "word_error", R"re((?i)\b\w*errors?\b)re"},
    {word_error_colon, "word_error_colon", R"re((?i)\berror ?[:!(\[])re"},
    {word_error_first, "word_error_first",
     R"re((?i)^\W*(error|err|fatal|failure|panic|critical)\b)re"},
    {word_error_upper, "word_error_upper", R"re(\b(ERROR|FATAL|CRITICAL|PANIC|SEVERE)\b)re"},
    {word_fail, "word_fail", R"re((?i)\bfail(ed|s|ing|ures?)?\b)re"},
    {word_fail_upper, "word_fail_upper", R"re(\bFAIL(ED|URES?)?\b)re"},
    {word_fatal, "word_fatal", R"re((?i)\b(fatal|panic|critical|severe|emerg)\b)re"},
    {word_exception, "word_exception", R"re(\b\w*(Exception|[a-z]Error)\b)re"},
    {word_cannot, "word_cannot",
     R"re((?i)\b(cannot|can't|can not|could ?n.?t|could not|unable to|failed to|did ?n.t|did not|must)\b)re"},
    {word_not_found, "word_not_found",
     R"re((?i)\b(not found|no such|does ?n.t exist|not exist|missing|not available|unavailable|no matching|not installed|(has|have|had|with|got) no|is (empty|not set)|empty (input|file|reply|response))\b)re"},
    {word_undefined, "word_undefined",
     R"re((?i)\b(undefined|undeclared|unresolved|unknown|unrecognized|not (defined|declared|recognized)|cannot find|unsatisfied)\b)re"},
    {word_denied, "word_denied",
     R"re((?i)\b(denied|forbidden|unauthorized|not permitted|not allowed|refused|rejected|read-only)\b)re"},
    {word_timeout, "word_timeout", R"re((?i)\b(timed? ?-?out|timeouts?|deadline)\b)re"},
    {word_syntax, "word_syntax",
     R"re((?i)\b(syntax|unexpected|parse error|parsing|invalid|illegal|malformed|mismatch(ed)?|incompatible|conflict(s|ing)?)\b)re"},
    {word_crash, "word_crash",
     R"re((?i)(segmentation fault|segfault|core dumped|\babort(ed|ing)?\b|\bkilled\b|out of memory|stack overflow|no space left))re"},
    {word_network, "word_network",
     R"re((?i)(could not resolve|name resolution|connection (was )?(reset|closed|aborted)|unreachable|\b(http|status|code|error:?) [45][0-9][0-9]\b|ssl|certificate))re"},
    {word_errno, "word_errno",
     R"re((\bE[A-Z]{4,}\b|\b[Ee]rrno\b|(?i:\bpermission denied|no such file|is a directory|not a directory|broken pipe|input/output error|too many|resource (temporarily|busy)|quota|limit\b)))re"},
    {word_assert, "word_assert", R"re((?i)assert(ion)?)re"},
    {word_expected, "word_expected",
     R"re((?i)\b(expect(ed|ing|s)?|actual|instead of|should (be|have|not)|but (got|was|found|received))\b)re"},
    {word_warning, "word_warning", R"re((?i)\bwarn(ings?)?\b)re"},
    {word_deprecated, "word_deprecated", R"re((?i)deprecat)re"},
    {word_retry, "word_retry", R"re((?i)\b(retry(ing)?|retries|attempt)\b)re"},
    {word_skipped, "word_skipped",
     R"re((?i)\b(skip(ped|ping)?|ignor(ed|ing)|xfail|pending)\b)re"},
    {word_fine, "word_fine",
     R"re((?i)(\b(ok|pass(ed|es|ing)?|success(ful(ly)?)?|succeeded|done|completed?|finished|up to date)\b|✓|✔|√))re"},
    {word_zero_errors, "word_zero_errors",
     R"re((?i)\b((0|no) (errors?|failures?|failed|problems?|warnings?|offenses)|(errors|failures|failed)[:=] ?0)\b)re"},
    {form_error_tag, "form_error_tag",
     R"re((?i)(\[(error|err|fatal|critical|severe)\]|level=(error|fatal)|"level": ?("(error|fatal)|[56]0\b)|"err(or)?": ?["{]|^E[0-9]{4} |^\S* ?- ?(error|critical|fatal) ?-))re"},
    {form_info_tag, "form_info_tag",
     R"re((?i)(\[(info|debug|trace)\]|level=(info|debug)|"level": ?"(info|debug)|\b(INFO|DEBUG)\b))re"},
    {form_warning_tag, "form_warning_tag",
     R"re((?i)(\[warn(ing)?\]|level=warn|^\W*warn(ing)?\b))re"},
    {form_exception, "form_exception",
     R"re(^\s*(Exception in |[Uu]ncaught |[Uu]nhandled |raise |throw |E? *)?([A-Za-z_$][\w$]*(\.|::|\\))*[A-Z][\w$]*(Exception|Error|Failure|Interrupt|Panic|Exit)\b(:| \(|\]|$))re"},
    {form_caused_by, "form_caused_by",
     R"re(^\W*(Caused by|Caused:|Reason|Cause|reason)\b)re"},
    {form_traceback, "form_traceback",
     R"re((?i)(traceback \(most recent|stack ?trace|backtrace|^goroutine [0-9]|uncaught|unhandled|panicked at|debugger entered|terminate called))re"},
    {form_frame, "form_frame",
     R"re(^\s*(at \S+ ?\(|at [\w$./<>\[\]]+[^ ]*:[0-9]+|File "[^"]+", line [0-9]+|from \S+:[0-9]+:in|\.\.\. [0-9]+ more|#[0-9]+ |[0-9]+: +0x|\S+\.go:[0-9]+ \+0x|\S+\.(rb|py|js|php|pl|ex|lua|ts)(:[0-9]+:|\([0-9]+\):? ?in)))re"},
    {form_file_error, "form_file_error",
     R"re((?i)[\w/\\.+@-]+\.\w+[:(\[ ]+[0-9]+([:,][0-9]+)?[\])]?:? *(- )?(fatal )?error)re"},
    {form_file_line, "form_file_line",
     R"re(^\W*(\[\w+\] )?([A-Za-z]:)?[\w/\\.+@-]+\.\w+(:[0-9]+(:[0-9]+)?(:|\s|$)|\([0-9]+(,[0-9]+)?\)|:\[[0-9]+))re"},
    {form_file_only, "form_file_only",
     R"re(^\s*(\./|/)?([\w.@+-]+/)+[\w.@+-]+\.\w{1,6}:?$)re"},
    {form_row_error, "form_row_error",
     R"re((?i)^\s*([0-9]+:[0-9]+|line [0-9]+)[:,]?\s+.*(error|fail|expected|missing|must))re"},
    {form_cross, "form_cross", R"re(^\s*(✗|✖|✘|❌|×|✕|\[-\]|\[x\]|\[FAIL|\(X\)|x ))re"},
    {form_numbered, "form_numbered", R"re(^\s*[0-9]+\) [^ ])re"},
    {form_not_ok, "form_not_ok", R"re(^\s*not ok\b)re"},
    {form_test_failed, "form_test_failed",
     R"re((--- FAIL|^\s*(FAIL|FAILED|ERROR)[: ]+\S|\*\*\* ?(FAILED|Failed)|\.\.\. ?(FAILED|FAIL|ERROR|failed|error)\b|<<< ?(FAILURE|ERROR)|(FAILED|ERROR|failed|FAIL)\)?[.!]?$|\[ +FAILED))re"},
    {form_pytest_error, "form_pytest_error", R"re(^(E|>) {2,}\S)re"},
    {form_pytest_title, "form_pytest_title", R"re(^_{4,} .* _{4,}$)re"},
    {form_expected_got, "form_expected_got",
     R"re((?i)^\W*(expected|actual|got|received|wanted|want|found|required|symbol|location|left|right|reason|but was|diff|difference|to (be|equal|contain|match))\b ?[:=]?)re"},
    {form_diff, "form_diff", R"re(^(@@ |diff --git |(---|\+\+\+) [ab/]|[-+] ?[^-+ >]))re"},
    {form_caret, "form_caret", R"re(^[\s|.]*([-~]*\^+[-~^ ]*|~~+\^?~*)\s*$)re"},
    {form_code_frame, "form_code_frame", R"re(^\s*(>\s*)?[0-9]* *[|│])re"},
    {form_shell_line, "form_shell_line",
     R"re(^\s*(/?[\w/.-]*sh|[\w/.-]+\.sh): (line )?[0-9]+: )re"},
    {form_program, "form_program", R"re(^[a-z][\w./+-]*(\[[0-9]+\])?: [^ ])re"},
    {form_heading, "form_heading",
     R"re((?i)^\W*([0-9]+ )?(failures?|errors?|offenses|issues|failed( \w+)?|problems?|broken( \w+)?|((compilation|build|lint|test) )?(errors?|failures?))\W*$)re"},
    {form_stars, "form_stars", R"re(^\s*(\*{2,}|!{2,}|={2,}>) ?\S)re"},
    {form_line_number, "form_line_number", R"re((?i)\b(at |on |in )?lines? [0-9]+)re"},
    {form_command, "form_command", R"re(^(\++|>|%) \S)re"},
    {form_prompt, "form_prompt", R"re(^(\$ \S|##\[(group|command)\]))re"},
    {form_progress, "form_progress",
     R"re((?i)^\W*(\[[0-9 /%]+\] *)?(download|install|fetch|get:?[0-9]|hit:?[0-9]|unpack|setting up|preparing|select|receiv|resolv|compil|build|clon|remote:|copy|creat|link|generat|load|run|using|updat|check|process|start|test|add|extract|collect|writing|reading|cached|travis)[a-z]*)re"},
    {form_rule, "form_rule", R"re(^\W+$)re"},
    {after_npm, "after_npm", R"re(^(npm ERR!|error Command failed|yarn run|info Visit))re"},
    {after_npm_tail, "after_npm_tail",
     R"re(^npm ERR! *($|code|errno|Exit|Failed at|This is|A complete|    |Test failed|node|npm|Linux|argv|Darwin|Tell|If you|You can|There is|not with npm|Please|Additional|Or if|weird))re"},
    {after_make, "after_make",
     R"re(^\s*(g|mingw32-)?(make|ninja|rake|gmake)(\[[0-9]+\])?: )re"},
    {after_exit_code, "after_exit_code",
     R"re((?i)(exit(ed)?( with)? (code|status|with|value|non)|returned (a )?(non-zero|[1-9])|non-?zero exit|return code|exitcode|\bexited\b|\berror [0-9]+$))re"},
    {after_summary, "after_summary",
     R"re((?i)(\b[0-9]+ ([a-z]+ )?(errors?|failures?|failed|problems?|offenses?|warnings?|tests?|examples?|passing|failing|specs?|assertions?|passed|pending)\b|(tests run|tests?|failures?|failed|errors|passed)[:=] ?[0-9]+))re"},
    {after_build, "after_build",
     R"re((?i)(build (has )?fail|build failure|^\W*failure: build|build step .* marked|finished: fail|your build exited|job failed|^\W*failed\W*$|execution failed for|tests? failed|there (were|was|are) .*(error|fail)|some .* failed|failed to execute goal|aborted? due to|task .* failed))re"},
    {after_giving_up, "after_giving_up",
     R"re((?i)\b(abort(ed|ing|s)?|roll(ed|ing)? ?back|(giving|gave) up|exit(ing|s)|stopp(ed|ing)|incomplete|unfinished|bail(ed|ing)|partial(ly)?|clean(ed|ing)? ?up|marked as|nothing|terminat(ed|ing)|quit(ting)?|not (complete|finish|publish|sent|send|store|writ|updat|don|recover|continu)\w*)\b)re"},
    {after_bare, "after_bare",
     R"re((?i)^\W*(fail|failed|error|errors|failures?|ko|aborted|exit)\W*$)re"},
    {after_wrapper, "after_wrapper",
     R"re((?i)\b(command|process|script|step|stage|task|job|target|recipe|pipeline|run|build)\b[^:]*\b(fail(ed|ure)|exit(ed|s)?|returned|completed|finished|ended|died|left|status)\b)re"},
    {after_help, "after_help",
     R"re((?i)(\[help [0-9]\]|re-?run |for more (info|detail)|see (above|below|the|also|http)|try:|full (stack|log)|complete log|run with|please (see|read|check|report|refer)|more details|visit http))re"},
}};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (kTable[i].feature != i) return false;
  }
  return true;
}
static_assert(in_order(), "the table has the order of the features");

constexpr const char* kPlaceNames[kFeatures - kPatterns] = {"is_red",
                                                            "is_stderr",
                                                            "first_after_blank",
                                                            "last_before_blank",
                                                            "is_indented",
                                                            "is_indented_far",
                                                            "is_deeper",
                                                            "is_shallower",
                                                            "is_short",
                                                            "is_long",
                                                            "is_dense",
                                                            "end_5",
                                                            "end_20",
                                                            "end_60",
                                                            "end_200",
                                                            "end_far",
                                                            "part_last_tenth",
                                                            "part_last_third",
                                                            "part_first_half",
                                                            "step_none",
                                                            "step_before",
                                                            "step_inside",
                                                            "step_after",
                                                            "step_end_5",
                                                            "step_end_20",
                                                            "step_end_60",
                                                            "step_begin_5",
                                                            "step_begin_40",
                                                            "step_echo",
                                                            "step_verdict",
                                                            "kind_once",
                                                            "kind_few",
                                                            "kind_many",
                                                            "kind_first",
                                                            "prefix_rare",
                                                            "prefix_common",
                                                            "new_absent",
                                                            "new_frequent",
                                                            "new_rare",
                                                            "new_usual",
                                                            "before_trouble",
                                                            "before_frame",
                                                            "before_consequence",
                                                            "before_fine",
                                                            "before_command",
                                                            "before_heading",
                                                            "next_trouble",
                                                            "next_frame",
                                                            "next_consequence",
                                                            "next_fine",
                                                            "next_expected",
                                                            "next_deeper",
                                                            "soon_consequence",
                                                            "soon_trouble",
                                                            "trouble_first",
                                                            "trouble_alone",
                                                            "trouble_run",
                                                            "new_block_first",
                                                            "found_sure",
                                                            "found_likely",
                                                            "found_hint",
                                                            "found_known",
                                                            "found_consequence",
                                                            "found_root",
                                                            "found_in_trace",
                                                            "found_first",
                                                            "found_last"};

// All patterns in one automaton. Should it outgrow its memory on a strange line, that line has no
// words and forms: it is ranked by its place, and the next line starts afresh.
class Patterns {
 public:
  Patterns() : set_(options(), RE2::UNANCHORED) {
    std::string error;
    for (std::size_t i = 0; i < kTable.size(); ++i) {
      if (set_.Add(kTable[i].regex, &error) != static_cast<int>(i)) std::abort();
    }
    set_.Compile();
  }
  void match(std::string_view text, std::vector<int>& hits) const {
    hits.clear();
    RE2::Set::ErrorInfo error{};
    set_.Match(re2::StringPiece(text.data(), text.size()), &hits, &error);
  }

 private:
  static RE2::Options options() {
    RE2::Options options(RE2::Latin1);  // bytes: any of them may come
    options.set_max_mem(64 << 20);
    options.set_log_errors(false);
    return options;
  }
  RE2::Set set_;
};

Features group(std::initializer_list<Feature> members) {
  Features set;
  for (const auto member : members) set.set(member);
  return set;
}

struct Groups {
  const Features trouble =
      group({word_error_colon, word_error_first, word_error_upper,  word_fail,      word_fatal,
             word_exception,   word_cannot,      word_not_found,    word_undefined, word_denied,
             word_timeout,     word_syntax,      word_crash,        word_assert,    form_error_tag,
             form_exception,   form_traceback,   form_file_error,   form_row_error, form_cross,
             form_not_ok,      form_test_failed, form_pytest_error, form_shell_line});
  const Features frame = group({form_frame, form_code_frame, form_caret});
  const Features consequence = group({after_npm, after_make, after_exit_code, after_summary,
                                      after_build, after_giving_up, after_help});
  const Features fine = group({word_fine, form_info_tag, form_progress, word_zero_errors});
  const Features expected = group({word_expected, form_expected_got, form_diff});
};

class Place {
 public:
  Place(const Prepared& log, const std::vector<Novelty>& novelty, const std::optional<Step>& step,
        std::vector<Features>& all)
      : log_(log), novelty_(novelty), step_(step), all_(all) {}

  void run() {
    for (std::size_t i = 0; i < log_.size(); ++i) {
      if (log_.blank(i)) continue;
      lines_.push_back(static_cast<std::uint32_t>(i));
      ++counts_[log_.hash[i]];
      ++prefixes_[prefix(i)];
    }
    std::uint32_t last_trouble = 0;  // 1 + its index in lines_
    bool trouble_in_step = false;
    for (std::size_t at = 0; at < lines_.size(); ++at) {
      const auto i = lines_[at];
      auto& set = all_[i];
      itself(i, set);
      end(at, set);
      step(i, set);
      kind(i, set);
      around(at, set);
      if (!is(i, groups_.trouble) || is(i, groups_.consequence)) continue;
      const auto gap = last_trouble == 0 ? 1000 : at + 1 - last_trouble;
      set.set(trouble_alone, gap > 20);
      set.set(trouble_run, gap <= 2);
      const bool inside = !step_ || set[step_inside];
      set.set(trouble_first, inside && !trouble_in_step);
      trouble_in_step |= inside;
      last_trouble = static_cast<std::uint32_t>(at + 1);
    }
  }

 private:
  [[nodiscard]] bool is(std::uint32_t line, const Features& group) const {
    return (all_[line] & group).any();
  }

  // The first word, with its tag or program's name.
  [[nodiscard]] std::string_view prefix(std::size_t i) const {
    auto text = log_.clean[i];
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text.substr(0, std::min(text.find(' '), std::size_t{24}));
  }

  void itself(std::uint32_t i, Features& set) const {
    const auto text = log_.clean[i];
    set.set(is_red, log_.red[i]);
    set.set(is_stderr, log_.lines[i].channel == Channel::err);
    set.set(first_after_blank, i == 0 || log_.blank(i - 1));
    set.set(last_before_blank, i + 1 == log_.size() || log_.blank(i + 1));
    set.set(is_indented, log_.indent[i] > 0);
    set.set(is_indented_far, log_.indent[i] > 7);
    set.set(is_short, text.size() - std::min<std::size_t>(log_.indent[i], text.size()) < 8);
    set.set(is_long, text.size() > 200);
    set.set(is_dense, text.size() > 30 && text.find(' ', log_.indent[i]) == std::string_view::npos);
  }

  void end(std::size_t at, Features& set) const {
    const auto left = lines_.size() - 1 - at;
    set.set(left < 5     ? end_5
            : left < 20  ? end_20
            : left < 60  ? end_60
            : left < 200 ? end_200
                         : end_far);
    set.set(part_last_tenth, left * 10 < lines_.size());
    set.set(part_last_third, left * 3 < lines_.size());
    set.set(part_first_half, left * 2 > lines_.size());
  }

  void step(std::uint32_t i, Features& set) const {
    if (!step_) {
      set.set(step_none);
    } else if (i < step_->first) {
      set.set(step_before);
    } else if (i > step_->last) {
      set.set(step_after);
    } else {
      set.set(step_inside);
      set.set(step_echo, i == step_->first);
      set.set(step_verdict, i >= step_->verdict);
      const auto left = step_->last - i, gone = i - step_->first;
      set.set(step_end_5, left <= 5);
      set.set(step_end_20, left > 5 && left <= 20);
      set.set(step_end_60, left > 20 && left <= 60);
      set.set(step_begin_5, gone <= 5);
      set.set(step_begin_40, gone > 5 && gone <= 40);
    }
  }

  void kind(std::uint32_t i, Features& set) {
    const auto count = counts_.find(log_.hash[i])->second;
    set.set(count == 1 ? kind_once : count <= 4 ? kind_few : kind_many);
    set.set(kind_first, seen_.emplace(log_.hash[i], true).second && count > 1);
    const auto alike = prefixes_.find(prefix(i))->second;
    set.set(prefix_rare, alike <= 3);
    set.set(prefix_common, alike > 10 && alike * 20 > lines_.size() && alike * 2 < lines_.size());
    switch (novelty_[i]) {
      case Novelty::unknown:
        break;
      case Novelty::absent:
        set.set(new_absent);
        break;
      case Novelty::frequent:
        set.set(new_frequent);
        break;
      case Novelty::rare:
        set.set(new_rare);
        break;
      case Novelty::usual:
        set.set(new_usual);
        break;
    }
  }

  void around(std::size_t at, Features& set) const {
    const auto i = lines_[at];
    if (at > 0) {
      const auto before = lines_[at - 1];
      set.set(is_deeper, log_.indent[i] > log_.indent[before]);
      set.set(is_shallower, log_.indent[i] < log_.indent[before]);
      set.set(before_trouble, is(before, groups_.trouble));
      set.set(before_frame, is(before, groups_.frame));
      set.set(before_consequence, is(before, groups_.consequence));
      set.set(before_fine, is(before, groups_.fine) && !is(before, groups_.trouble));
      set.set(before_command, all_[before][form_command] || all_[before][form_prompt]);
      set.set(before_heading, all_[before][form_heading] || (at > 1 && all_[before][form_rule] &&
                                                             all_[lines_[at - 2]][form_heading]));
      set.set(new_block_first,
              novelty_[i] == Novelty::absent && novelty_[before] != Novelty::absent);
    }
    if (at + 1 < lines_.size()) {
      const auto next = lines_[at + 1];
      set.set(next_trouble, is(next, groups_.trouble));
      set.set(next_frame, is(next, groups_.frame));
      set.set(next_consequence, is(next, groups_.consequence));
      set.set(next_fine, is(next, groups_.fine) && !is(next, groups_.trouble));
      set.set(next_deeper, log_.indent[next] > log_.indent[i]);
    }
    for (std::size_t k = 1; k <= 4 && at + k < lines_.size(); ++k) {
      const auto later = lines_[at + k];
      if (is(later, groups_.expected)) set.set(next_expected);
      if (k > 1 && is(later, groups_.trouble)) set.set(soon_trouble);
      if (k > 1 && is(later, groups_.consequence)) set.set(soon_consequence);
    }
  }

  const Prepared& log_;
  const std::vector<Novelty>& novelty_;
  const std::optional<Step>& step_;
  std::vector<Features>& all_;
  const Groups groups_;
  std::vector<std::uint32_t> lines_;  // that are not blank
  std::unordered_map<std::uint64_t, std::uint32_t> counts_;
  std::unordered_map<std::string_view, std::uint32_t> prefixes_;
  std::unordered_map<std::uint64_t, bool> seen_;
};

// What good runs say too proves nothing by its words; first and last are those among the rest.
void set_found(const std::vector<Finding>& findings, const std::vector<Novelty>& novelty,
               std::vector<Features>& all) {
  const Finding *first = nullptr, *last = nullptr;
  for (const auto& finding : findings) {
    auto& set = all[finding.line];
    if (finding.trace) {
      for (auto i = finding.first; i <= finding.last; ++i) all[i].set(found_in_trace);
    }
    const auto known = novelty[finding.line];
    if (finding.consequence) {
      set.set(found_consequence);
    } else if (known == Novelty::usual || known == Novelty::rare) {
      set.set(found_known);
    } else {
      if (finding.trace) set.set(found_root);
      set.set(finding.strength >= 80   ? found_sure
              : finding.strength >= 50 ? found_likely
                                       : found_hint);
      if (finding.strength < 50 && !finding.trace) continue;
      if (first == nullptr) first = &finding;
      last = &finding;
    }
  }
  if (first != nullptr) all[first->line].set(found_first);
  if (last != nullptr) all[last->line].set(found_last);
}

}  // namespace

std::string_view name(Feature feature) {
  if (feature < kPatterns) return kTable[feature].name;
  return kPlaceNames[feature - kPatterns];
}

std::vector<Features> features(const Prepared& log, const std::vector<Finding>& findings,
                               const std::vector<Novelty>& novelty,
                               const std::optional<Step>& step) {
  static const Patterns patterns;
  std::vector<Features> all(log.size());
  std::vector<int> hits;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log.blank(i)) continue;
    patterns.match(log.clean[i].substr(0, kSeenBytes), hits);
    for (const auto hit : hits) all[i].set(static_cast<std::size_t>(hit));
  }
  set_found(findings, novelty, all);
  Place(log, novelty, step, all).run();
  return all;
}

}  // namespace logboom::query::why
