#include "collector/run/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include "collector/descriptor.h"

namespace logboom::collector {
namespace {

// Of "/" as a mere place nothing can be read, and nothing written there.
int open_nothing() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  return null >= 0 ? null : ::open("/", O_PATH | O_CLOEXEC);
}

}  // namespace

void fill_closed_streams() {
  for (int number = 0; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) < 0) (void)open_nothing();  // takes the lowest free number
  }
}

bool is_closed_stream(int number) {
  const int flags = ::fcntl(number, F_GETFD);
  return flags < 0 || (flags & FD_CLOEXEC) != 0;  // what a caller left open has survived an exec
}

void let_go(int number) {
  const Descriptor nothing(open_nothing());
  if (nothing.open()) ::dup3(nothing.get(), number, O_CLOEXEC);
}

}  // namespace logboom::collector
