// Serves the page at /, /search, /jobs/... and /runs/..., and its files.
//
// Takes the router's fallback: what is neither an API nor a file of the page is answered 404 here.
// Threads: the handlers keep no state; any.
#pragma once

#include "core/http/server.h"

namespace logboom::ui {

void add_web_routes(http::Router& router);

}  // namespace logboom::ui
