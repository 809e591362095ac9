"""What a partner may see: articles, one article, categories (protocol §4 "Reading")."""

from inventory.pictures import CONTENT_TYPE
from partners import search
from partners.api.authentication import PartnerCall
from partners.api.base import PartnerAPIView, endpoint
from partners.api.errors import Reply
from partners.protocol.wire import AvailabilityRequest, parse_availability_request, to_wire
from partners.search import Question, parse_question


class ArticlesView(PartnerAPIView):
    @endpoint(parse=parse_question, needs="catalogue", rate="search")
    def get(self, call: PartnerCall, question: Question) -> Reply:
        page = search.find_listings(connection=call.connection, question=question, now=call.now)
        return Reply.of(to_wire(page))


class ArticleView(PartnerAPIView):
    @endpoint(parse=parse_question, needs="catalogue")
    def get(self, call: PartnerCall, question: Question, article_id: str) -> Reply:
        listing = search.describe_article(
            connection=call.connection, article_id=article_id, question=question, now=call.now
        )
        return Reply.of(to_wire(listing))


class PictureView(PartnerAPIView):
    @endpoint(needs="catalogue")
    def get(self, call: PartnerCall, article_id: str) -> Reply:
        content = search.article_picture(connection=call.connection, article_id=article_id)
        return Reply(200, content, CONTENT_TYPE)


class AvailabilityView(PartnerAPIView):
    @endpoint(parse=parse_availability_request, needs="stock", rate="search")
    def post(self, call: PartnerCall, request: AvailabilityRequest) -> Reply:
        answer = search.answer_availability(connection=call.connection, request=request, now=call.now)
        return Reply.of(to_wire(answer))


class CategoriesView(PartnerAPIView):
    @endpoint(needs="catalogue")
    def get(self, call: PartnerCall) -> Reply:
        return Reply.of(to_wire(search.list_categories(connection=call.connection, now=call.now)))
