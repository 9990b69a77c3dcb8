// The ranker's integer weights: what speaks for a line being the cause, and for its belonging to
// the block around the cause.
//
// How they were made: a line's chance to be the marked cause of its log is the softmax of its sum
// over all lines (`cause`), its chance to lie in the same marked block as the best line is logistic
// (`block`); both with a strong quadratic penalty, times ten, rounded. Material: public sets of
// failed build logs with the failing lines marked by people, without and with good runs to compare
// with, and logs of small scheduled jobs that were made to fail. Judged by halves of the projects,
// trained on one and tried on the other; then fitted once more on all. Change a feature, and all
// weights are to be fitted again.
#pragma once

#include <array>
#include <cstdint>

#include "query/why/features.h"

namespace logboom::query::why {

struct Weight {
  Feature feature;
  std::int16_t cause, block;
};

inline constexpr auto kWeights = std::to_array<Weight>({
    {word_error, 9, 5},
    {word_error_colon, 6, -1},
    {word_error_first, 2, 5},
    {word_error_upper, -3, 5},
    {word_fail, -5, -1},
    {word_fail_upper, 1, 0},
    {word_fatal, 4, 0},
    {word_exception, 14, 3},
    {word_cannot, -1, 1},
    {word_not_found, -1, 2},
    {word_undefined, 5, -2},
    {word_denied, 4, 0},
    {word_timeout, 3, -1},
    {word_syntax, -6, 1},
    {word_crash, 6, 0},
    {word_network, 6, 0},
    {word_errno, 2, 2},
    {word_assert, 4, 2},
    {word_expected, 11, 3},
    {word_warning, 0, -4},
    {word_deprecated, -1, -1},
    {word_retry, 1, 0},
    {word_skipped, -5, 0},
    {word_fine, -11, -7},
    {word_zero_errors, -1, -1},
    {form_error_tag, 2, 5},
    {form_info_tag, 3, -3},
    {form_warning_tag, -2, -3},
    {form_exception, 15, 2},
    {form_caused_by, 3, 0},
    {form_traceback, 0, 2},
    {form_frame, -4, 7},
    {form_file_error, 1, 0},
    {form_file_line, 15, 6},
    {form_file_only, 2, 0},
    {form_row_error, 2, 0},
    {form_cross, 4, 0},
    {form_numbered, 7, 1},
    {form_test_failed, -1, 1},
    {form_pytest_error, 4, 2},
    {form_pytest_title, 0, 1},
    {form_expected_got, 2, 2},
    {form_diff, 1, 3},
    {form_caret, -1, 2},
    {form_code_frame, -2, -4},
    {form_shell_line, 3, -2},
    {form_program, 0, -2},
    {form_heading, 0, 1},
    {form_stars, -1, 0},
    {form_line_number, 10, 0},
    {form_command, 15, 1},
    {form_prompt, 0, -1},
    {form_progress, 0, -2},
    {form_rule, -6, 2},
    {after_npm, -7, -2},
    {after_npm_tail, -3, -1},
    {after_make, -1, -1},
    {after_exit_code, -1, -2},
    {after_summary, -8, -1},
    {after_build, -2, 0},
    {after_giving_up, -5, -1},
    {after_bare, 0, 1},
    {after_wrapper, -2, 1},
    {after_help, -3, 0},
    {is_red, 12, 5},
    {is_stderr, 11, 0},
    {first_after_blank, 1, 2},
    {last_before_blank, -5, 4},
    {is_indented, -3, 11},
    {is_indented_far, 7, 2},
    {is_deeper, 7, 4},
    {is_shallower, 8, 4},
    {is_short, 3, 2},
    {is_long, -1, 0},
    {is_dense, -2, -3},
    {end_5, 3, 0},
    {end_20, 1, 1},
    {end_60, 5, 1},
    {end_200, 1, 2},
    {end_far, -10, -4},
    {part_last_tenth, 7, -1},
    {part_last_third, 7, 0},
    {part_first_half, -1, 3},
    {step_none, 0, 4},
    {step_before, -12, -6},
    {step_inside, 21, 1},
    {step_after, -9, 1},
    {step_end_5, 5, 0},
    {step_end_20, 8, 2},
    {step_end_60, 4, -1},
    {step_begin_5, 5, -1},
    {step_begin_40, 1, -1},
    {step_verdict, -4, -4},
    {kind_once, 11, -1},
    {kind_few, -5, -1},
    {kind_many, -7, 2},
    {kind_first, 21, 2},
    {prefix_rare, 7, -1},
    {prefix_common, -7, -3},
    {new_absent, 9, 6},
    {new_rare, -2, 0},
    {new_usual, -7, -6},
    {before_trouble, 5, 2},
    {before_frame, 0, 5},
    {before_consequence, 3, -3},
    {before_fine, -8, -6},
    {before_heading, 15, 2},
    {next_trouble, 8, 4},
    {next_frame, -6, 6},
    {next_consequence, 3, -2},
    {next_fine, -2, -6},
    {next_expected, 14, 3},
    {next_deeper, 8, 7},
    {soon_consequence, 8, -1},
    {soon_trouble, 1, 5},
    {trouble_first, 5, 0},
    {trouble_alone, 12, 0},
    {trouble_run, 7, 0},
    {new_block_first, 6, 0},
    {found_sure, 18, 1},
    {found_likely, 5, 0},
    {found_hint, 5, 0},
    {found_known, 7, 0},
    {found_consequence, -4, -2},
    {found_root, 10, 0},
    {found_first, 6, 0},
    {found_last, 12, 0},
});

// Where a line stands, seen from the best line of its block.
enum class Near : std::uint8_t {
  after,
  same_indent,
  deeper,
  shallower,
  blank_between,
  blanks_between,
  within_2,
  within_5,
  within_10,
  within_20,
  within_40,
  across_step,
  same_kind,
  known_between,
};

struct NearWeight {
  Near near;
  std::int16_t block;
};

inline constexpr auto kNearWeights = std::to_array<NearWeight>({
    {Near::after, 9},
    {Near::same_indent, 2},
    {Near::deeper, 2},
    {Near::shallower, -4},
    {Near::blank_between, -9},
    {Near::blanks_between, -4},
    {Near::within_2, 9},
    {Near::within_5, 6},
    {Near::within_10, 4},
    {Near::within_20, 1},
    {Near::across_step, -5},
    {Near::same_kind, 1},
    {Near::known_between, -4},
});

// What every line of a block must overcome.
inline constexpr std::int32_t kBlockBias = -23;

}  // namespace logboom::query::why
