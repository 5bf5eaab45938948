import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiRefusal } from '../auth/contracts/users-auth/users-auth.decorator.js';
import { FilmsPage, FilmsQuery } from './films.dto.js';
import { FilmsService } from './films.service.js';

/** The worked example of a module of your own: nothing here but a route, and it is guarded. */
@ApiTags('films')
@Controller('api/films')
export class FilmsController {
  constructor(private readonly films: FilmsService) {}

  @Get()
  @ApiBearerAuth()
  @ApiOperation({ operationId: 'listFilms', summary: 'Films, a page at a time' })
  @ApiOkResponse({ type: FilmsPage })
  @ApiRefusal(400, 'The query does not validate.', 'The limit field must be at least 1.')
  @ApiRefusal(401, 'The token is missing, malformed or expired.', 'Invalid credentials.')
  list(@Query() query: FilmsQuery): Promise<FilmsPage> {
    return this.films.page(query);
  }
}
