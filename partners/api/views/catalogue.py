"""What a partner may see: articles, one article, its picture, categories, what is free (protocol §4 "Reading")."""

from inventory.pictures import CONTENT_TYPE, MEDIA_TYPES
from partners import search
from partners.api.authentication import PartnerCall
from partners.api.base import PartnerAPIView, Says, endpoint
from partners.api.errors import Reply
from partners.protocol.wire import (
    AvailabilityRequest,
    ProblemCode,
    parse_availability,
    parse_availability_request,
    parse_category_list,
    parse_listing,
    parse_listing_page,
    to_wire,
)
from partners.search import Question, parse_article_question, parse_question

PAGE = Says(document=parse_listing_page, refusals=(ProblemCode.CURSOR,))
PICTURE = Says(media_types=tuple(sorted(MEDIA_TYPES)))


class ArticlesView(PartnerAPIView):
    @endpoint(parse=parse_question, needs="catalogue", rate="search", says=PAGE)
    def get(self, call: PartnerCall, question: Question) -> Reply:
        """Search what is released to the caller. Stock is told from level 2 on."""
        return Reply.of_ours(search.find_listings(connection=call.connection, question=question, now=call.now))


class ArticleView(PartnerAPIView):
    @endpoint(parse=parse_article_question, needs="catalogue", says=Says(document=parse_listing))
    def get(self, call: PartnerCall, question: Question, article_id: str) -> Reply:
        """One released article."""
        listing = search.describe_article(
            connection=call.connection, article_id=article_id, question=question, now=call.now
        )
        return Reply.of_ours(listing)


class PictureView(PartnerAPIView):
    @endpoint(needs="catalogue", says=PICTURE)
    def get(self, call: PartnerCall, article_id: str) -> Reply:
        """The picture of a released article, up to 1 MiB; to be encoded anew before it is shown."""
        content = search.article_picture(connection=call.connection, article_id=article_id)
        return Reply(200, content, CONTENT_TYPE)


class AvailabilityView(PartnerAPIView):
    @endpoint(parse=parse_availability_request, needs="stock", rate="search", says=Says(document=parse_availability))
    def post(self, call: PartnerCall, request: AvailabilityRequest) -> Reply:
        """What is free of up to 100 articles in a period, and when the fewest are. Nothing is promised."""
        answer = search.answer_availability(connection=call.connection, request=request, now=call.now)
        return Reply.of_ours(to_wire(answer))


class CategoriesView(PartnerAPIView):
    @endpoint(needs="catalogue", says=Says(document=parse_category_list))
    def get(self, call: PartnerCall) -> Reply:
        """The categories in which the caller sees something, and those above them."""
        return Reply.of_ours(to_wire(search.list_categories(connection=call.connection, now=call.now)))
