// What `logs` says beside the data, on standard error.
#pragma once

#include <string_view>

#include "core/result.h"
#include "ui/cli/cli.h"
#include "ui/cli/terminal.h"

namespace logboom::ui::cli {

class Notes {
 public:
  Notes(Streams& streams, bool quiet) : streams_(streams), quiet_(quiet) {}

  // What the reader should know: unless --quiet.
  void note(std::string_view text) {
    if (!quiet_) write(text);
  }
  // Advice, which only a person at a terminal needs.
  void hint(std::string_view text) {
    if (streams_.err_is_terminal) note(text);
  }
  void error(const Error& error) { write(error.message); }

 private:
  // Texts may quote the server: nothing of it may take over the terminal.
  void write(std::string_view text) {
    std::string_view prefix = "logs: ";
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      streams_.err << prefix << printable(text.substr(0, end)) << '\n';
      text.remove_prefix(std::min(end + 1, text.size()));
      prefix = "      ";
    }
    streams_.err.flush();
  }

  Streams& streams_;
  bool quiet_;
};

}  // namespace logboom::ui::cli
