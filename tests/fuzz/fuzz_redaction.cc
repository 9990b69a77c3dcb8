// Redaction of any line: twice is once, and it always ends.
#include <string>

#include "core/redaction.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const logboom::Redactor redactor;
  std::string first, second;
  const auto once = redactor.redact(logboom::fuzz::text_of(data, size), first);
  const auto twice = redactor.redact(once, second);
  logboom::fuzz::hold(once == twice, "redact(redact(x)) == redact(x)");
  return 0;
}
