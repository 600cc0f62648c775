"""The REST resources there are."""

from flask_appbuilder import AppBuilder

from views.rest.activities import ActivityApi
from views.rest.administration import ApiKeyApi, GroupApi, RoleApi, UserApi
from views.rest.callers import limit_calls
from views.rest.campaigns import CampaignApi
from views.rest.choice_lists import ChoiceListApi
from views.rest.companies import CompanyApi
from views.rest.description import DescriptionApi
from views.rest.documents import DocumentApi
from views.rest.field_definitions import FieldDefinitionApi
from views.rest.imports import ImportApi
from views.rest.jobs import JobApi
from views.rest.letter_templates import LetterTemplateApi
from views.rest.mailings import MailingApi
from views.rest.marketing import MarketingRulesApi, SuppressedApi
from views.rest.opportunities import OpportunityApi
from views.rest.people import PersonApi
from views.rest.products import ProductApi
from views.rest.relationships import RelationshipKindApi
from views.rest.security import answer_token_errors
from views.rest.segments import SegmentApi
from views.rest.settings import (
    ExchangeRateApi,
    OrganisationApi,
    PipelineApi,
    RecordLayoutApi,
    SavedViewApi,
    TeamApi,
)
from views.rest.trays import TrayApi

RESOURCES = (
    CompanyApi, PersonApi, OpportunityApi, ActivityApi, ProductApi, DocumentApi, SegmentApi, CampaignApi,
    MailingApi, FieldDefinitionApi, ChoiceListApi, ImportApi, JobApi, DescriptionApi,
    OrganisationApi, UserApi, RoleApi, GroupApi, TeamApi, PipelineApi, SavedViewApi, ExchangeRateApi, RecordLayoutApi,
    ApiKeyApi, RelationshipKindApi, MarketingRulesApi, SuppressedApi, TrayApi,
    LetterTemplateApi,
)  # fmt: skip


def add_rest(appbuilder: AppBuilder) -> None:
    """Register every REST resource."""
    answer_token_errors(appbuilder.sm.jwt_manager)
    for resource in RESOURCES:
        limit_calls(appbuilder, appbuilder.add_api(resource).blueprint)
