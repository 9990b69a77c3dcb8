// What the ranker sees of a line: yes/no features, all generic. Words and forms come from one
// pattern each (features.cc has the table); the others from where the line stands.
//
// Owns:   nothing; `log` and the rest must live as long as the call.
// Limits: the patterns see the first kSeenBytes of a line.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "query/why/rank.h"
#include "query/why/step.h"
#include "query/why/text.h"

namespace logboom::query::why {

inline constexpr std::size_t kSeenBytes = 400;

// The patterns come first, in the order of their table.
// clang-format off
enum Feature : std::uint8_t {
  // words
  word_error, word_error_colon, word_error_first, word_error_upper, word_fail, word_fail_upper,
  word_fatal, word_exception, word_cannot, word_not_found, word_undefined, word_denied,
  word_timeout, word_syntax, word_crash, word_network, word_errno, word_assert, word_expected,
  word_warning, word_deprecated, word_retry, word_skipped, word_fine, word_zero_errors,
  // forms
  form_error_tag, form_info_tag, form_warning_tag, form_exception, form_caused_by, form_traceback,
  form_frame, form_file_error, form_file_line, form_file_only, form_row_error, form_cross,
  form_numbered, form_not_ok, form_test_failed, form_pytest_error, form_pytest_title,
  form_expected_got, form_diff, form_caret, form_code_frame, form_shell_line, form_program,
  form_heading, form_stars, form_line_number, form_command, form_prompt, form_progress, form_rule,
  // consequences
  after_npm, after_npm_tail, after_make, after_exit_code, after_summary, after_build,
  after_giving_up, after_bare, after_wrapper, after_help,
  kPatterns,
  // where it stands
  is_red = kPatterns, is_stderr, first_after_blank, last_before_blank, is_indented,
  is_indented_far, is_deeper, is_shallower, is_short, is_long, is_dense, end_5, end_20, end_60,
  end_200, end_far, part_last_tenth, part_last_third, part_first_half, step_none, step_before,
  step_inside, step_after, step_end_5, step_end_20, step_end_60, step_begin_5, step_begin_40,
  step_echo, step_verdict, kind_once, kind_few, kind_many, kind_first, prefix_rare, prefix_common,
  new_absent, new_frequent, new_rare, new_usual,
  // around it
  before_trouble, before_frame, before_consequence, before_fine, before_command, before_heading,
  next_trouble, next_frame, next_consequence, next_fine, next_expected, next_deeper,
  soon_consequence, soon_trouble, trouble_first, trouble_alone, trouble_run, new_block_first,
  // what rules and traces found
  found_sure, found_likely, found_hint, found_known, found_consequence, found_root, found_in_trace,
  found_first, found_last,
  kFeatures,
};
// clang-format on

using Features = std::bitset<kFeatures>;

[[nodiscard]] std::string_view name(Feature feature);
[[nodiscard]] std::vector<Features> features(const Prepared& log,
                                             const std::vector<Finding>& findings,
                                             const std::vector<Novelty>& novelty,
                                             const std::optional<Step>& step);

}  // namespace logboom::query::why
