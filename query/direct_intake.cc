#include "query/direct_intake.h"

#include <utility>

namespace logboom::query {
namespace {

class DirectIntake : public Intake {
 public:
  explicit DirectIntake(store::Store& store) : store_(store) {}
  Result<std::vector<store::Appended>> accept(std::vector<Batch> batches) override {
    return store_.append(std::move(batches));
  }

 private:
  store::Store& store_;
};

}  // namespace

std::unique_ptr<Intake> direct_intake(store::Store& store) {
  return std::make_unique<DirectIntake>(store);
}

}  // namespace logboom::query
