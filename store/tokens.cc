#include "store/tokens.h"

#include "store/store.h"

namespace logboom::store {

void tokens(std::string_view line, const std::function<void(std::string_view)>& token) {
  each_token(line, token);
}

}  // namespace logboom::store
