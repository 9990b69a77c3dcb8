// A collector's checkpoint: read, or refused; what is read prints as it was.
#include <xxhash.h>

#include <cstdio>
#include <string>

#include "collector/checkpoint.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace logboom::collector;
  using logboom::fuzz::hold;
  std::string text(logboom::fuzz::text_of(data, size));
  for (int round = 0; round < 2; ++round) {
    if (const auto state = parse_checkpoint(text)) {
      const auto again = parse_checkpoint(print_checkpoint(*state));
      hold(again && *again == *state, "a checkpoint round-trips");
    } else {
      hold(!state.error().message.empty(), "an error says what is wrong");
    }
    // Again with the right checksum behind it.
    char end[32];
    std::snprintf(end, sizeof end, "end %016llx\n",
                  static_cast<unsigned long long>(XXH64(text.data(), text.size(), 0)));
    text += end;
  }
  return 0;
}
