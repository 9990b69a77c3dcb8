// Numbers 0, 1 and 2 of a process that opens files and passes streams on.
//
// A number that is free is taken by the next file opened, which then counts as the caller's stream:
// output would go into it. So none of the three is ever free here.
// Errors:  none: where even "/" cannot be opened, the number stays free.
// Threads: before any other is made; let_go() from any.
#pragma once

namespace logboom::collector {

// Before anything is opened. What is filled is closed for a command that is executed.
void fill_closed_streams();
// The caller left it closed.
[[nodiscard]] bool is_closed_stream(int number);
// Gives up what the number stands for, so that the other side sees its end.
void let_go(int number);

}  // namespace logboom::collector
